import { type Encoder, openEncoder } from "../../src/encoder/index.ts";
import { cosines } from "../cosines.ts";
import { int8Texts } from "../int8-texts.ts";
import { exportedMiniLm } from "../minilm-exports.ts";
import { miniLmInt8 } from "../minilm-int8.ts";
import { findPython, notInstalled } from "../peer.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement, PeerFinding } from "../result.ts";
import { openTransformersJs } from "../text-encoder.ts";

const TEXTS = 320;
/** Batches that texts of all lengths share. */
const TOGETHER = [2, 7, 32, TEXTS];

export const int8Batch: Measurement = {
  about: `the least cosine of an int8 vector with that of the same text alone: ${TEXTS} abstracts and sentences, ${TOGETHER.join(", ")} at a time`,
  unit: "cosine",
  better: "higher",
  targets: [0.9999, 1],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const texts = await int8Texts(TEXTS);
    await using encoder = await openEncoder(await miniLmInt8());
    const { dims } = await encoder.encode(texts.slice(0, 1));
    const alone = await encodeBy(encoder, texts, 1);
    let worst = 1;
    for (const size of TOGETHER) {
      const found = cosines(await encodeBy(encoder, texts, size), alone, dims);
      log(`${size} at a time: ${Math.min(...found)}`);
      worst = Math.min(worst, ...found);
    }
    return {
      ours: [worst],
      peers: [{ name: "the text alone", figures: [1] }, await worstOfQ8(texts, dims, encoder)],
    };
  },
};

async function encodeBy(encoder: Encoder, texts: readonly string[], size: number) {
  const parts: Float32Array[] = [];
  for (let first = 0; first < texts.length; first += size) {
    parts.push((await encoder.encode(texts.slice(first, first + size))).vectors);
  }
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

async function worstOfQ8(
  texts: readonly string[],
  dims: number,
  { maxTokens }: Encoder,
): Promise<PeerFinding> {
  const python = findPython();
  if (!python) return { name: notInstalled("transformers.js' q8 file") };
  const folder = await exportedMiniLm(python);
  await using js = await openTransformersJs({ folder, texts, maxTokens, dtype: "q8" });
  const [usual, one] = [32, 1];
  await js.encode({ batchSize: one });
  const alone = await js.vectors();
  await js.encode({ batchSize: usual, sorted: false });
  const figures = [Math.min(...cosines(await js.vectors(), alone, dims))];
  return { name: `${js.name} q8, ${usual} at a time`, figures };
}
