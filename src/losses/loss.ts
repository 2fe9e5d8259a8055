import type { Value } from "../graph/node.ts";
import {
  add,
  div,
  exp,
  log,
  matmul,
  mul,
  reduceMax,
  reduceSum,
  stopGradient,
  sub,
} from "../graph/ops/index.ts";
import { normalize } from "../nn/pooling.ts";

/** The embeddings of a batch, by the column of the training data they come from. */
export interface Columns {
  /** `[B, D]`. */
  readonly anchors: Value;
  /** The positive of each anchor, `[B, D]`. */
  readonly positives: Value;
  /** Hard negatives of each anchor, one `[B, D]` for each column; none where the data has none. */
  readonly negatives: readonly Value[];
  /** Which texts are equal, by numbers, so that an equal text is no negative; absent where nobody looked. */
  readonly identity?: Identity;
}

export interface Identity {
  /** `[B]` int32. */
  readonly anchors: Value;
  /** Of the positives, then of each column of negatives: `[B · (1 + columns)]` int32. */
  readonly documents: Value;
}

/** A loss sees embeddings and nothing else: columns in, a scalar out. */
export type Loss = (columns: Columns) => Value;

/** What is done to each row before a dot product makes it a score. */
export const similarities = {
  cosine: normalize,
  dot: (x) => x,
} as const satisfies Record<string, (x: Value) => Value>;

export type SimilarityName = keyof typeof similarities;

/** Dot products of every row of `a` with every row of `b`: `[M, D], [N, D] -> [M, N]`. */
export function products(a: Value, b: Value): Value {
  return matmul(a, b, { transB: true });
}

/** Dot products row by row: `[B, D], [B, D] -> [B]`. */
export function rowProducts(a: Value, b: Value): Value {
  return reduceSum(mul(a, b), { axes: [-1] });
}

/** `log Σ exp` along the last axis, which goes away. */
export function logSumExp(x: Value): Value {
  const top = stopGradient(reduceMax(x, { axes: [-1], keep: true }));
  const total = reduceSum(exp(sub(x, top)), { axes: [-1], keep: true });
  return reduceSum(add(log(total), top), { axes: [-1] });
}

/** A weighted sum of scalars. */
export function weighted(parts: readonly (readonly [number, Value])[]): Value {
  const [first, ...rest] = parts.map(([weight, part]) => (weight === 1 ? part : mul(part, weight)));
  return rest.reduce(add, first);
}

/** The mean of scalars. */
export function average(parts: readonly Value[]): Value {
  return parts.length === 1 ? parts[0] : div(parts.reduce(add), parts.length);
}
