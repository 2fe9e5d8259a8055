import { availableParallelism } from "node:os";
import { openEncoder } from "../src/encoder/index.ts";
import { miniLm } from "../test/minilm.ts";
import { meanCosine } from "./cosines.ts";
import type { EncodeOptions } from "./encode.ts";
import { interleave, timed } from "./measure.ts";
import { exportedMiniLm } from "./minilm-exports.ts";
import { miniLmInt8 } from "./minilm-int8.ts";
import { findPython, notInstalled } from "./peer.ts";
import type { Finding } from "./result.ts";
import { openSentenceTransformers, openTransformersJs } from "./text-encoder.ts";

const MAX_TOKENS = 256;
/** What sentence-transformers does by default. */
const USUAL = 32;

/**
 * Texts a second of all-MiniLM-L6-v2 in calibrated int8, a batch for each core at once, from texts to unit vectors, against transformers.js on the same model's `q8` file, sorted
 * by length in batches of the size that suits it best, then sentence-transformers in float32, in its usual batches and in the best. The vectors are not the same: how far each
 * is from the float model's is told beside.
 */
export async function encodeInt8(
  texts: readonly string[],
  { runs, batchSizes, log }: EncodeOptions,
): Promise<Finding> {
  const workers = availableParallelism();
  await using encoder = await openEncoder(await miniLmInt8(), { workers });
  const perSecond = (ms: number) => (1000 * texts.length) / ms;
  const ours = async () => perSecond((await timed(() => encoder.encode(texts))).ms);
  const python = findPython();
  if (!python) {
    const [figures] = await interleave([{ run: ours }], { runs, warmUps: 1 });
    return { ours: figures, peers: [{ name: notInstalled("transformers.js' q8 file") }] };
  }
  const given = { texts, maxTokens: MAX_TOKENS };
  const folder = await exportedMiniLm(python);
  await using js = await openTransformersJs({ ...given, folder, dtype: "q8" });
  await using st = await openSentenceTransformers(python, {
    ...given,
    folder: miniLm,
    dtype: "fp32",
  });
  const jsBatch = await js.fastest(batchSizes, log);
  const best = await st.fastest(batchSizes, log);
  const sides = [
    { run: ours },
    { run: async () => perSecond(await js.encode({ batchSize: jsBatch })) },
    { run: async () => perSecond(await st.encode({ batchSize: USUAL })) },
    { run: async () => perSecond(await st.encode({ batchSize: best })) },
  ];
  const [figures, jsFigures, usualFigures, stFigures] = await interleave(sides, {
    runs,
    warmUps: 1,
  });
  const float = await st.vectors();
  const { vectors, dims, tokens } = await encoder.encode(texts);
  return {
    ours: figures,
    peers: [
      { name: `${js.name} q8, ${jsBatch} at a time, sorted by length`, figures: jsFigures },
      {
        name: `${st.name} float32, ${USUAL} at a time, as it does by itself`,
        figures: usualFigures,
      },
      { name: `${st.name} float32, ${best} at a time`, figures: stFigures },
    ],
    details: {
      texts: texts.length,
      meanTokens: tokens / texts.length,
      "cosine with float32, ours": meanCosine(vectors, float, dims),
      "cosine with float32, transformers.js": meanCosine(await js.vectors(), float, dims),
    },
  };
}
