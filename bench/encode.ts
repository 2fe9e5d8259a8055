import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Encoded, openEncoder } from "../src/encoder/index.ts";
import { miniLm } from "../test/minilm.ts";
import type { Child } from "./child.ts";
import { interleave, median, timed } from "./measure.ts";
import { findPython, notInstalled, openPeer } from "./peer.ts";
import type { Finding } from "./result.ts";
import { requireEqualVectors } from "./same-work.ts";
import { config } from "./workload.ts";

export interface EncodeOptions {
  readonly runs: number;
  /** Batch sizes of the peer, of which the fastest on some of the texts is taken. */
  readonly batchSizes: readonly number[];
  readonly log: (line: string) => void;
}

const PEER = "transformers.js";
/** What a caller does who has not tuned it: texts as they come. */
const USUAL = { batchSize: 32, sorted: false };
/** The peer's batch sizes are tried on this share of the texts. */
const TRIED = 1 / 8;

/**
 * Texts a second of all-MiniLM-L6-v2 in float32, tokenizing included, from texts to unit vectors; both sides with the same vectors.
 * The peer twice: at its best, sorted by length in batches of the best size, and as it is usually called.
 */
export async function encodeAgainstTransformersJs(
  texts: readonly string[],
  { runs, batchSizes, log }: EncodeOptions,
): Promise<Finding> {
  await using encoder = await openEncoder(miniLm);
  await using stack = new AsyncDisposableStack();
  const perSecond = (ms: number) => (1000 * texts.length) / ms;
  const ours = async () => perSecond((await timed(() => encoder.encode(texts))).ms);
  const encoded = await encoder.encode(texts);
  const python = findPython();
  if (!python) {
    const [figures] = await interleave([{ run: ours }], { runs, warmUps: 1 });
    const peers = [{ name: notInstalled(`${PEER}'s ONNX export`) }];
    return { ours: figures, peers, details: details(encoded, figures) };
  }
  const folder = stack.use(await exportMiniLm(python));
  const peer = stack.use(openPeer(process.execPath, "transformers-js-texts.ts"));
  const { maxTokens } = encoder;
  const { name } = await peer.ask<{ name: string }>("open", {
    folder: folder.path,
    texts,
    maxTokens,
  });
  const batchSize = await fastest(peer, batchSizes, Math.ceil(texts.length * TRIED), log);
  const theirs = async (request: { batchSize: number; sorted: boolean }) =>
    perSecond((await peer.ask<{ ms: number }>("encode", request)).ms);
  const best = { batchSize, sorted: true };
  await theirs(best);
  const theirVectors = await vectorsOf(peer);
  requireEqualVectors(name, uncut(theirVectors, encoded), uncut(encoded.vectors, encoded));
  const sides = [{ run: ours }, { run: () => theirs(best) }, { run: () => theirs(USUAL) }];
  const [figures, bestFigures, usualFigures] = await interleave(sides, { runs, warmUps: 0 });
  const named = `${name} float32`;
  return {
    ours: figures,
    peers: [
      { name: `${named}, ${batchSize} at a time, sorted by length`, figures: bestFigures },
      { name: `${named}, ${USUAL.batchSize} at a time, as they come`, figures: usualFigures },
    ],
    details: details(encoded, figures),
  };
}

/** The batch size with which the peer takes the least time for some of the texts; each is tried twice. */
async function fastest(
  peer: Child,
  batchSizes: readonly number[],
  sample: number,
  log: EncodeOptions["log"],
): Promise<number> {
  const times = new Map(batchSizes.map((size) => [size, Number.POSITIVE_INFINITY]));
  for (const _ of [1, 2]) {
    for (const batchSize of batchSizes) {
      const { ms } = await peer.ask<{ ms: number }>("encode", { batchSize, sample });
      times.set(batchSize, Math.min(times.get(batchSize)!, ms));
    }
  }
  const tried = [...times].map(([size, ms]) => `${size}: ${Math.round((1000 * sample) / ms)}`);
  log(`${PEER}, texts a second by batch size: ${tried.join(", ")}`);
  return [...times].reduce((best, next) => (next[1] < best[1] ? next : best))[0];
}

/** The vectors of texts that were not cut: transformers.js cuts off the closing [SEP] too, so there it reads something else. */
function uncut(vectors: Float32Array, { dims, truncated }: Encoded): Float32Array {
  const cut = new Set(truncated);
  return vectors.filter((_, i) => !cut.has(Math.floor(i / dims)));
}

async function vectorsOf(peer: Child): Promise<Float32Array> {
  const { base64 } = await peer.ask<{ base64: string }>("vectors");
  const bytes = Buffer.from(base64, "base64");
  return new Float32Array(new Uint8Array(bytes).buffer);
}

function details({ vectors, dims, tokens, truncated }: Encoded, perSecond: readonly number[]) {
  const texts = vectors.length / dims;
  const seconds = texts / median(perSecond);
  return {
    texts,
    truncated: truncated.length,
    meanTokens: tokens / texts,
    tokensPerSecond: tokens / seconds,
    // To compare with the matrix product of the same run. Attention's own products are left out.
    linearGflops: (tokens * linearFlops()) / seconds / 1e9,
  };
}

/** Floating point operations of the linear layers for one token: four of D × D, two of D × I, in each layer. */
function linearFlops(): number {
  const { hiddenSize: width, intermediateSize: inner, layers } = config;
  return 2 * layers * (4 * width * width + 2 * width * inner);
}

/** A folder that transformers.js reads, with MiniLM's graph as PyTorch exports it; removed with `await using`. */
async function exportMiniLm(python: string) {
  const path = await mkdtemp(join(tmpdir(), "nearfold-bench-"));
  await using stack = new AsyncDisposableStack();
  const folder = { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  stack.use(folder);
  for (const name of ["config.json", "tokenizer.json", "tokenizer_config.json"]) {
    await copyFile(join(miniLm, name), join(path, name));
  }
  await mkdir(join(path, "onnx"));
  await using exporter = openPeer(python, "export_onnx.py");
  await exporter.ask("export", { model: miniLm, path: join(path, "onnx", "model.onnx") });
  stack.move();
  return folder;
}
