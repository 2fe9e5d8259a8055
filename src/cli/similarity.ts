/** How alike a model finds two sentences. */
import type { ScoredPair } from "../data/index.ts";
import type { Encoder } from "../encoder/index.ts";
import { type EncodeContext, encodeAll } from "./encoding.ts";

/** The cosine of each pair; 0 where a sentence has no tokens. */
export async function similarities(
  encoder: Encoder,
  rows: readonly ScoredPair[],
  dims: number,
  context: EncodeContext,
): Promise<readonly number[]> {
  const encode = (texts: readonly string[]) =>
    encodeAll(encoder, texts, { role: "query", dims, unit: "sentences" }, context);
  const a = await encode(rows.map(({ sentence1 }) => sentence1));
  const b = await encode(rows.map(({ sentence2 }) => sentence2));
  return rows.map((_, row) => cosine(a.vectors, b.vectors, row * dims, dims));
}

function cosine(a: Float32Array, b: Float32Array, start: number, dims: number): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = start; i < start + dims; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
