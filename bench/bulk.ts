/** `nearfold embed` as a person starts it, from a file to a file, beside programs that have their model open already. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { openEncoder } from "../src/encoder/index.ts";
import { miniLm } from "../test/minilm.ts";
import { jsonl } from "../test/nearfold.ts";
import { interleave, timed } from "./measure.ts";
import { exportedMiniLm } from "./minilm-exports.ts";
import { findPython, notInstalled } from "./peer.ts";
import type { Finding } from "./result.ts";
import { requireEqualVectors } from "./same-work.ts";
import { openSentenceTransformers, openTransformersJs } from "./text-encoder.ts";

export interface BulkOptions {
  readonly runs: number;
  /** Batch sizes of the peers, of which each takes the one that is fastest on some of the texts. */
  readonly batchSizes: readonly number[];
  readonly log: (line: string) => void;
}

/**
 * Texts a second of all-MiniLM-L6-v2 in float32. Ours is the whole command: its start, the opening of the model, reading, writing and syncing a Parquet file. The
 * peers' time is that of their vectors alone, in memory, texts sorted by length.
 */
export async function bulkAgainstPeers(
  texts: readonly string[],
  { runs, batchSizes, log }: BulkOptions,
): Promise<Finding> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "nearfold-bulk-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const [input, out] = [join(folder, "corpus.jsonl"), join(folder, "vectors.parquet")];
  await writeFile(input, jsonl(texts.map((text) => ({ text }))));
  const perSecond = (ms: number) => (1000 * texts.length) / ms;
  const ours = async () => perSecond((await timed(() => embed(input, out))).ms);
  const python = findPython();
  if (!python) {
    const [figures] = await interleave([{ run: ours }], { runs, warmUps: 0 });
    const names = ["sentence-transformers", "transformers.js's ONNX export"];
    return { ours: figures, peers: names.map((name) => ({ name: notInstalled(name) })) };
  }
  const maxTokens = await maxTokensOf();
  const torch = { folder: miniLm, texts, maxTokens, dtype: "fp32" } as const;
  const exported = { ...torch, folder: await exportedMiniLm(python) };
  const peers = [
    stack.use(await openSentenceTransformers(python, torch)),
    stack.use(await openTransformersJs(exported)),
  ];
  const best: number[] = [];
  for (const peer of peers) best.push(await peer.fastest(batchSizes, log));
  const theirs = peers.map((peer, i) => ({
    run: async () => perSecond(await peer.encode({ batchSize: best[i], sorted: true })),
  }));
  const [figures, ...others] = await interleave([{ run: ours }, ...theirs], { runs, warmUps: 0 });
  // transformers.js cuts off the closing [SEP] of a long text, so the other one is asked.
  requireEqualVectors(peers[0].name, await peers[0].vectors(), await vectorsOf(out));
  return {
    ours: figures,
    peers: peers.map(({ name }, i) => ({
      name: `${name} float32, ${best[i]} at a time, sorted by length`,
      figures: others[i],
    })),
    details: { texts: texts.length },
  };
}

const embed = (input: string, out: string) => runNearfold(["embed", miniLm, input, "--out", out]);

/** A command in a process of its own. @throws where it fails */
export async function runNearfold(argv: readonly string[]): Promise<void> {
  const main = join(import.meta.dirname, "../src/cli/main.ts");
  const stdio = ["ignore", "ignore", "inherit"] as const;
  const child = spawn(process.execPath, [main, ...argv], { stdio: [...stdio] });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`nearfold ${argv[0]} ended with ${code}`);
}

async function vectorsOf(path: string): Promise<Float32Array> {
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
  return Float32Array.from(rows.flatMap(({ vector }) => vector as number[]));
}

async function maxTokensOf(): Promise<number> {
  await using encoder = await openEncoder(miniLm);
  return encoder.maxTokens;
}
