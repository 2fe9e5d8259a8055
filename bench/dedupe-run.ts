/** `nearfold dedupe` as a person starts it, on a collection whose duplicates are known. */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openEncoder } from "../src/encoder/index.ts";
import { pairScores } from "../src/evaluate/index.ts";
import { miniLm } from "../test/minilm.ts";
import { openChild } from "./child.ts";
import { makeDuplicates } from "./duplicates.ts";
import { timed } from "./measure.ts";
import { savePotion } from "./potion-folder.ts";
import type { Finding } from "./result.ts";

const ROWS = 1_000_000;
const PRECISION = 0.99;
const RECALL = 0.95;
/** Of two duplicates, by the static model: typed, since on judged pairs whose others are the sentences that look most alike no threshold keeps 0.99. */
const COSINE = 0.95;
const MOST_MB = 4000;
/** Kept rows that MiniLM encodes, for its speed. */
const SAMPLED = 2000;

/** @throws where precision, recall or memory are not what they must be */
export async function measureDedupe(log: (line: string) => void): Promise<Finding> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "nearfold-dedupe-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);
  await savePotion(at("potion"));
  const made = await makeDuplicates({ rows: ROWS, seed: 1, half: 1 });
  log(
    `${ROWS} rows of ${new Set(made.groups).size} sentences, ${made.nearMisses} of which differ from another in a number or a name`,
  );
  await writeRows(at("rows.jsonl"), made.texts);
  const worker = join(import.meta.dirname, "workers/dedupe.ts");
  await using child = openChild(process.execPath, [worker]);
  const argv = ["dedupe", at("rows.jsonl"), "--out", at("kept.jsonl")];
  const options = ["--model", at("potion"), "--cosine", String(COSINE), "--keep", "first"];
  const { ms, result } = await timed(() =>
    child.ask<{ out: string; peakMb: number }>("run", { argv: [...argv, ...options, "--json"] }),
  );
  const { dropped, kept } = JSON.parse(result.out);
  const { precision, recall } = pairScores(
    made.groups,
    await groupsOf(at("kept.groups.jsonl"), ROWS),
  );
  log(
    `precision ${precision.toFixed(4)}, recall ${recall.toFixed(4)}, ${result.peakMb.toFixed(0)} MB`,
  );
  if (!(precision >= PRECISION && recall >= RECALL && result.peakMb <= MOST_MB)) {
    throw new Error(
      `not as good as it must be: ${JSON.stringify({ precision, recall, ...result })}`,
    );
  }
  const perSecond = await miniLmRate(at("kept.jsonl"));
  return {
    ours: [ms / 60_000],
    details: {
      ...{ precision, recall, "peak MB": result.peakMb, kept },
      sentences: new Set(made.groups).size,
      "near misses": made.nearMisses,
      "exact, near, semantic dropped": Object.values(dropped).join(", "),
      "cosine threshold": COSINE,
      "MiniLM, texts/s of what is kept (sample)": perSecond,
      "MiniLM's vectors of what is kept would take, min": kept / perSecond / 60,
    },
  };
}

async function writeRows(path: string, texts: readonly string[]): Promise<void> {
  const lines = texts.map((text, id) => JSON.stringify({ id: String(id), text }));
  await writeFile(path, lines.join("\n"));
}

/** The number of the kept row of each. */
async function groupsOf(path: string, rows: number): Promise<Int32Array> {
  const groups = Int32Array.from({ length: rows }, (_, row) => row);
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const { kept, dropped } = JSON.parse(line) as { kept: string; dropped: { id: string }[] };
    for (const { id } of dropped) groups[Number(id)] = Number(kept);
  }
  return groups;
}

/** Texts a second. */
async function miniLmRate(path: string): Promise<number> {
  const texts: string[] = [];
  const input = createReadStream(path);
  for await (const line of createInterface({ input })) {
    texts.push((JSON.parse(line) as { text: string }).text);
    if (texts.length === SAMPLED) break;
  }
  if (!input.closed) await once(input.destroy(), "close");
  await using encoder = await openEncoder(miniLm, { workers: 2 });
  await encoder.encode(texts.slice(0, 100));
  const { ms } = await timed(() => encoder.encode(texts));
  return (1000 * texts.length) / ms;
}
