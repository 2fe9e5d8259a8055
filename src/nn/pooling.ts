import type { Value } from "../graph/node.ts";
import { add, concat, div, mul, reduceSum, split, sqrt } from "../graph/ops/index.ts";
import type { Layout } from "./layout.ts";

/**
 * The weight of token `i` of `n`, the first `p` of which are a prompt that is not pooled. What each mode means is sentence-transformers'
 * (models/Pooling.py); a place counts from the start of the text, left-out prompt or not.
 */
const linearModes = {
  mean: (_, n, p) => 1 / (n - p),
  cls: (i, _, p) => (i === p ? 1 : 0),
  lasttoken: (i, n) => (i === n - 1 ? 1 : 0),
  /** Weights 1, 2, 3, … (SGPT, arXiv:2202.08904 §3.1). */
  weightedmean: (i, n, p) => (2 * (i + 1)) / (n * (n + 1) - p * (p + 1)),
  mean_sqrt_len_tokens: (_, n, p) => 1 / Math.sqrt(n - p),
} as const satisfies Record<string, (i: number, n: number, p: number) => number>;

export type PoolingMode = keyof typeof linearModes | "max";

export const poolingModes = [...Object.keys(linearModes), "max"] as readonly PoolingMode[];

/** How the token vectors of a text become one. */
export interface Pooling {
  /** Each pools them in its way; the results are put end to end. None where what comes are vectors of texts already. */
  readonly pooling: readonly PoolingMode[];
  /** Whether the tokens of a prompt before the text are pooled too. */
  readonly includePrompt: boolean;
}

/** The weights of `n` tokens in a pooled vector, the first `prompt` of them 0. */
export type PoolWeights = (n: number, prompt: number) => ArrayLike<number>;

/**
 * The weights of each mode; `max` has none, and takes those of `mean` to say which tokens count. Made once for each length, and not to be
 * written to.
 */
export function poolWeights(modes: readonly PoolingMode[]): PoolWeights[] {
  return modes.map((mode) => {
    const weight = mode === "max" ? linearModes.mean : linearModes[mode];
    const made = new Map<string, Float32Array>();
    return (n, prompt) => {
      const key = `${n} ${prompt}`;
      const known = made.get(key);
      if (known) return known;
      const weights = Float32Array.from({ length: n }, (_, i) =>
        i < prompt ? 0 : weight(i, n, prompt),
      );
      made.set(key, weights);
      return weights;
    };
  });
}

/**
 * Token vectors `[T, D]` to sequence vectors `[B, M · D]`, over the weights that the layout has for each of the `M` modes. A text of which
 * nothing is pooled has the vector 0.
 */
export function pool(x: Value, layout: Layout, modes: readonly PoolingMode[]): Value {
  if (modes.length === 0) return x;
  const rows = [...modes.keys()];
  const linear = rows.filter((row) => modes[row] !== "max");
  const sums = linear.length > 0 ? layout.poolLinear(x, linear) : undefined;
  if (sums && linear.length === rows.length) return sums;
  const width = x.shape[1] as number;
  const parts =
    sums && linear.length > 1
      ? split(
          sums,
          linear.map(() => width),
          1,
        )
      : [sums];
  const all = rows.map((row) =>
    modes[row] === "max" ? layout.poolMax(x, row) : (parts[linear.indexOf(row)] as Value),
  );
  return concat(all, 1);
}

/** Each row divided by its L2 length (1e-12 at least, as PyTorch's `normalize`): `[B, D] -> [B, D]`. */
export function normalize(x: Value): Value {
  const square = reduceSum(mul(x, x), { axes: [-1], keep: true });
  return div(x, sqrt(add(square, 1e-24)));
}
