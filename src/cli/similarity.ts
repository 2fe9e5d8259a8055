/** How alike a model finds two sentences. */
import type { ScoredPair } from "../data/index.ts";
import type { Encoder } from "../encoder/index.ts";
import { cosines } from "../evaluate/index.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import { type EncodeContext, encodeAll } from "./encoding.ts";

/** Vectors of the two sentences of each pair, `[N, D]` both. */
export interface PairVectors {
  readonly first: Tensor<"float32">;
  readonly second: Tensor<"float32">;
}

/** What a model makes of all sentences. */
export async function encodePairs(
  encoder: Encoder,
  rows: readonly ScoredPair[],
  dims: number,
  context: EncodeContext,
): Promise<PairVectors> {
  const encode = async (texts: readonly string[]) => {
    const options = { role: "query", dims, unit: "sentences" } as const;
    const { vectors } = await encodeAll(encoder, texts, options, context);
    return floats(vectors, [texts.length, dims]);
  };
  return {
    first: await encode(rows.map(({ sentence1 }) => sentence1)),
    second: await encode(rows.map(({ sentence2 }) => sentence2)),
  };
}

/** The cosine of each pair; 0 where a sentence has no tokens. */
export async function similarities(
  encoder: Encoder,
  rows: readonly ScoredPair[],
  dims: number,
  context: EncodeContext,
): Promise<readonly number[]> {
  const { first, second } = await encodePairs(encoder, rows, dims, context);
  return [...cosines(first, second)];
}
