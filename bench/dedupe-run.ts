/** `nearfold dedupe` as a person starts it, on a collection whose duplicates are known. */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { unitRows } from "../src/apps/cluster/index.ts";
import { neighbourGraph } from "../src/apps/cluster/neighbour-graph.ts";
import { openEncoder } from "../src/encoder/index.ts";
import { pairScores } from "../src/evaluate/index.ts";
import { sequence } from "../src/graph/index.ts";
import { miniLm } from "../test/minilm.ts";
import { jsonl } from "../test/nearfold.ts";
import { openChild } from "./child.ts";
import { type Duplicates, makeDuplicates } from "./duplicates.ts";
import { timed } from "./measure.ts";
import { savePotion } from "./potion-folder.ts";
import type { Finding } from "./result.ts";

const ROWS = 1_000_000;
const PRECISION = 0.99;
const RECALL = 0.95;
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
  const judged = await makeDuplicates({ rows: 60_000, seed: 2, half: 0 });
  const pairs = await pairsOf(judged, at("potion"));
  await writeFile(at("judged.jsonl"), jsonl(pairs));
  const made = await makeDuplicates({ rows: ROWS, seed: 1, half: 1 });
  log(
    `${ROWS} rows of ${new Set(made.groups).size} sentences, ${made.nearMisses} of which differ from another in a number or a name`,
  );
  await writeRows(at("rows.jsonl"), made.texts);
  const worker = join(import.meta.dirname, "workers/dedupe.ts");
  await using child = openChild(process.execPath, [worker]);
  const argv = ["dedupe", at("rows.jsonl"), "--out", at("kept.jsonl")];
  const options = ["--model", at("potion"), "--pairs", at("judged.jsonl"), "--precision", "0.99"];
  const { ms, result } = await timed(() =>
    child.ask<{ out: string; peakMb: number }>("run", { argv: [...argv, ...options, "--json"] }),
  );
  const { near, semantic, dropped, kept } = JSON.parse(result.out);
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
      "Jaccard threshold": near.threshold,
      "cosine threshold": semantic.threshold,
      "judged pairs": pairs.length,
      "MiniLM, texts/s of what is kept (sample)": perSecond,
      "MiniLM's vectors of what is kept would take, min": kept / perSecond / 60,
    },
  };
}

/** Sentences that each is judged beside: those that look most like it. */
const LOOKALIKES = 3;

/** Two of each sentence; each near miss with what it misses; and each with the others whose vectors are nearest. */
async function pairsOf({ texts, groups, missed }: Duplicates, model: string) {
  const first = new Map<number, number>();
  const next = sequence(3);
  const pair = (a: number, b: number) => ({
    sentence1: texts[a],
    sentence2: texts[b],
    score: groups[a] === groups[b] ? 1 : 0,
  });
  const pairs: ReturnType<typeof pair>[] = [];
  texts.forEach((_, row) => {
    const other = first.get(groups[row]);
    if (other === undefined) first.set(groups[row], row);
    else if (next() < JUDGED) pairs.push(pair(other, row));
  });
  for (const [group, row] of first) {
    const original = first.get(missed[group] ?? -1);
    if (original !== undefined) pairs.push(pair(original, row));
  }
  const rows = [...first.values()];
  await using encoder = await openEncoder(model);
  const { vectors, dims } = await encoder.encode(rows.map((row) => texts[row]));
  const near = await neighbourGraph(unitRows(vectors, dims), dims, LOOKALIKES);
  near.rows.forEach((other, i) => {
    pairs.push(pair(rows[Math.floor(i / near.k)], rows[other]));
  });
  return pairs;
}

/** The share of variants that are judged. */
const JUDGED = 0.4;

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
