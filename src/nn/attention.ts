import { int64s, type Value } from "../graph/node.ts";
import { add, concat, dimOf, matmul, mul, reshape, softmax } from "../graph/ops/index.ts";
import type { Layout } from "./layout.ts";
import { blockMask, type Visible } from "./visible.ts";

interface AttentionOptions {
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads, each read by `heads / keyHeads` query heads (Ainslie et al., arXiv:2305.13245). @default heads */
  readonly keyHeads?: number;
  /** Factor of the scores. @default 1 / √K */
  readonly scale?: number;
  /** Which keys a query sees, besides those of its own sequence alone. @default all */
  readonly visible?: Visible;
  /** Added to the scores of a block, `[1, heads, S, S]`: relative positions. @default nothing */
  readonly bias?: (block: number) => Value;
  /** Multiplies the attention probabilities of each block `[B, heads, S, S]`: dropout. @default none */
  readonly drop?: (probabilities: Value, block: number) => Value;
}

/**
 * Scaled dot-product attention within each sequence (Vaswani et al., arXiv:1706.03762, eq. 1):
 * `q` `[T, heads · K]`, `k`, `v` `[T, keyHeads · K]` -> `[T, heads · K]`.
 */
export function attention(
  q: Value,
  k: Value,
  v: Value,
  layout: Layout,
  { heads, keyHeads = heads, scale, visible = {}, bias, drop = (p) => p }: AttentionOptions,
): Value {
  const alpha = scale ?? 1 / Math.sqrt((q.shape[1] as number) / heads);
  const qs = layout.toHeads(q, heads);
  const [ks, vs] = [k, v].map((x) => layout.toHeads(x, keyHeads));
  const parts = layout.blocks.map((_, i) => {
    const scores = groupedProduct(qs[i], ks[i], { transB: true, alpha });
    const shifted = bias ? add(scores, bias(i)) : scores;
    const probabilities = softmax(add(shifted, blockMask(layout, i, visible)));
    return groupedProduct(drop(probabilities, i), vs[i]);
  });
  return layout.fromHeads(parts, heads);
}

/**
 * Products `[B, heads, S, ·] · [B, keyHeads, ·, ·]`, the fewer heads of keys and values not repeated: all queries that read one head
 * are rows of one matrix.
 */
function groupedProduct(x: Value, other: Value, flags: Parameters<typeof matmul>[2] = {}): Value {
  const [heads, keyHeads] = [x.shape[1] as number, other.shape[1] as number];
  if (heads === keyHeads) return matmul(x, other, flags);
  // The sizes are spelled out: a block may hold no sequence, and then nothing can be left to be found out.
  const [batch, length] = [dimOf(x, 0), dimOf(x, 2)];
  const shaped = (value: Value, count: number, rows: Value, last: Value) =>
    reshape(value, concat([batch, int64s([count]), rows, last], 0));
  const rows = mul(length, heads / keyHeads);
  const product = matmul(shaped(x, keyHeads, rows, dimOf(x, 3)), other, flags);
  return shaped(product, heads, length, dimOf(product, 3));
}
