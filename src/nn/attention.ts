import type { Value } from "../graph/node.ts";
import { add, matmul, softmax } from "../graph/ops/index.ts";
import type { Layout } from "./layout.ts";

interface AttentionOptions {
  /** Query heads; keys and values have as many. */
  readonly heads: number;
  /** Factor of the scores. @default 1 / √K */
  readonly scale?: number;
  /** Multiplies the attention probabilities of each block `[B, heads, S, S]`: dropout. @default none */
  readonly drop?: (probabilities: Value, block: number) => Value;
}

/**
 * Scaled dot-product attention within each sequence (Vaswani et al., arXiv:1706.03762, eq. 1):
 * `q`, `k`, `v` `[T, heads · K]` -> `[T, heads · K]`.
 */
export function attention(
  q: Value,
  k: Value,
  v: Value,
  layout: Layout,
  { heads, scale, drop = (p) => p }: AttentionOptions,
): Value {
  const alpha = scale ?? 1 / Math.sqrt((q.shape[1] as number) / heads);
  const [qs, ks, vs] = [q, k, v].map((x) => layout.toHeads(x, heads));
  const parts = layout.blocks.map(({ mask }, i) => {
    const scores = add(matmul(qs[i], ks[i], { transB: true, alpha }), mask);
    return matmul(drop(softmax(scores), i), vs[i]);
  });
  return layout.fromHeads(parts, heads);
}
