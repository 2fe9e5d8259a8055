import type { Value } from "../graph/node.ts";
import { add, div, mul, reduceSum, sqrt } from "../graph/ops/index.ts";
import type { Layout } from "./layout.ts";

/** The weight of token `i` of `n`. What each mode means is sentence-transformers' (models/Pooling.py). */
const linearModes = {
  mean: (_, n) => 1 / n,
  cls: (i) => (i === 0 ? 1 : 0),
  lasttoken: (i, n) => (i === n - 1 ? 1 : 0),
  /** Weights 1, 2, 3, … (SGPT, arXiv:2202.08904 §3.1). */
  weightedmean: (i, n) => (2 * (i + 1)) / (n * (n + 1)),
  mean_sqrt_len_tokens: (_, n) => 1 / Math.sqrt(n),
} as const satisfies Record<string, (i: number, n: number) => number>;

export type PoolingMode = keyof typeof linearModes | "max";

export const poolingModes = [...Object.keys(linearModes), "max"] as readonly PoolingMode[];

/**
 * The weights of `n` tokens in a pooled vector; `max` has none, and takes those of `mean` for its mask. Made once for each `n`, and
 * not to be written to.
 */
export function poolWeights(mode: PoolingMode): (n: number) => Float32Array {
  const weight = mode === "max" ? linearModes.mean : linearModes[mode];
  const made = new Map<number, Float32Array>();
  return (n) => {
    const known = made.get(n);
    if (known) return known;
    const weights = Float32Array.from({ length: n }, (_, i) => weight(i, n));
    made.set(n, weights);
    return weights;
  };
}

/** Token vectors `[T, D]` to sequence vectors `[B, D]`, over the layout's weights. */
export function pool(x: Value, layout: Layout, mode: PoolingMode): Value {
  return mode === "max" ? layout.poolMax(x) : layout.poolLinear(x);
}

/** Each row divided by its L2 length (1e-12 at least, as PyTorch's `normalize`): `[B, D] -> [B, D]`. */
export function normalize(x: Value): Value {
  const square = reduceSum(mul(x, x), { axes: [-1], keep: true });
  return div(x, sqrt(add(square, 1e-24)));
}
