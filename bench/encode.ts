import { type Encoded, openEncoder } from "../src/encoder/index.ts";
import { miniLm } from "../test/minilm.ts";
import { interleave, median, timed } from "./measure.ts";
import { exportedMiniLm } from "./minilm-exports.ts";
import { findPython, notInstalled } from "./peer.ts";
import type { Finding } from "./result.ts";
import { requireEqualVectors } from "./same-work.ts";
import { openTransformersJs } from "./text-encoder.ts";
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
  const { maxTokens } = encoder;
  const folder = await exportedMiniLm(python);
  const peer = stack.use(await openTransformersJs({ folder, texts, maxTokens, dtype: "fp32" }));
  const batchSize = await peer.fastest(batchSizes, log);
  const theirs = async (request: { batchSize: number; sorted: boolean }) =>
    perSecond(await peer.encode(request));
  const best = { batchSize, sorted: true };
  await theirs(best);
  const theirVectors = await peer.vectors();
  requireEqualVectors(peer.name, uncut(theirVectors, encoded), uncut(encoded.vectors, encoded));
  const sides = [{ run: ours }, { run: () => theirs(best) }, { run: () => theirs(USUAL) }];
  const [figures, bestFigures, usualFigures] = await interleave(sides, { runs, warmUps: 0 });
  const named = `${peer.name} float32`;
  return {
    ours: figures,
    peers: [
      { name: `${named}, ${batchSize} at a time, sorted by length`, figures: bestFigures },
      { name: `${named}, ${USUAL.batchSize} at a time, as they come`, figures: usualFigures },
    ],
    details: details(encoded, figures),
  };
}

/** The vectors of texts that were not cut: transformers.js cuts off the closing [SEP] too, so there it reads something else. */
function uncut(vectors: Float32Array, { dims, truncated }: Encoded): Float32Array {
  const cut = new Set(truncated);
  return vectors.filter((_, i) => !cut.has(Math.floor(i / dims)));
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
