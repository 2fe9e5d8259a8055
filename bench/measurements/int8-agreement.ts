import { openEncoder } from "../../src/encoder/index.ts";
import { miniLm } from "../../test/minilm.ts";
import { cosines, meanCosine } from "../cosines.ts";
import { int8Texts } from "../int8-texts.ts";
import { mean } from "../measure.ts";
import { exportedMiniLm } from "../minilm-exports.ts";
import { miniLmInt8 } from "../minilm-int8.ts";
import { findPython, notInstalled } from "../peer.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement, PeerFinding } from "../result.ts";
import { openTransformersJs } from "../text-encoder.ts";

const TEXTS = 1200;
const BATCH = 32;

export const int8Agreement: Measurement = {
  about: `mean cosine of MiniLM's int8 vectors with its float32 ones, ${TEXTS} abstracts and sentences`,
  unit: "cosine",
  better: "higher",
  targets: [0.99, 1],
  missing: needs("data", "miniLm"),
  async run(): Promise<Finding> {
    const texts = await int8Texts(TEXTS);
    await using int8 = await openEncoder(await miniLmInt8());
    await using float = await openEncoder(miniLm);
    const wanted = await float.encode(texts);
    const found = cosines((await int8.encode(texts)).vectors, wanted.vectors, wanted.dims);
    return {
      ours: [mean(found)],
      peers: [
        { name: "float32 with itself", figures: [1] },
        await agreementOfQ8(texts, float.maxTokens, wanted),
      ],
      details: { "at worst": Math.min(...found) },
    };
  },
};

async function agreementOfQ8(
  texts: readonly string[],
  maxTokens: number,
  { vectors, dims }: { readonly vectors: Float32Array; readonly dims: number },
): Promise<PeerFinding> {
  const python = findPython();
  if (!python) return { name: notInstalled("transformers.js' q8 file") };
  const folder = await exportedMiniLm(python);
  await using js = await openTransformersJs({ folder, texts, maxTokens, dtype: "q8" });
  await js.encode({ batchSize: BATCH });
  const name = `${js.name} q8, ${BATCH} at a time`;
  return { name, figures: [meanCosine(await js.vectors(), vectors, dims)] };
}
