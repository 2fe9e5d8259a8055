import { NearfoldError } from "../errors.ts";
import type { Value } from "../graph/node.ts";
import { showType } from "../graph/op.ts";
import {
  add,
  cast,
  dimOf,
  div,
  equal,
  exp,
  log,
  matmul,
  maximum,
  mul,
  range,
  reduceMax,
  reduceSum,
  stopGradient,
  sub,
  unsqueeze,
  where,
} from "../graph/ops/index.ts";
import { normalize } from "../nn/pooling.ts";

/** Embeddings of a batch, by the column of the training data they come from. */
export interface Embeddings {
  /** `[B, D]`; the one column of single texts. */
  readonly anchors: Value;
  /** What stands beside each anchor, `[B, D]`: its positive, or the other text of a labelled pair. */
  readonly positives?: Value;
  /** Hard negatives of each anchor, one `[B, D]` for each column; none where the data has none. */
  readonly negatives: readonly Value[];
}

/** All that a loss sees of a batch. */
export interface Columns extends Embeddings {
  /** Which texts are equal, by numbers, so that an equal text is no negative; absent where nobody looked. */
  readonly identity?: Identity;
  /**
   * What the data says of each row, float32: `[B]`, one number a row; `[B, 1 + k]`, a teacher's scores of the positive and of the
   * row's `k` hard negatives. A loss's `needs` says which.
   */
  readonly labels?: Value;
  /** The same texts embedded by a teacher (or guide), whose width may be another. No gradient goes there. */
  readonly teacher?: Embeddings;
}

export interface Identity {
  /** `[B]` int32. */
  readonly anchors: Value;
  /** Of the positives, then of each column of negatives: `[B · (1 + columns)]` int32. */
  readonly documents: Value;
}

/** A loss sees embeddings and what the data says of them, and nothing else: columns in, a scalar out. */
export type Loss = (columns: Columns) => Value;

type Optional = "positives" | "labels" | "teacher";

/** The columns, with what this loss reads among them. @throws bad-argument naming what is not there */
export function requireColumns<C extends Embeddings, K extends Optional & keyof C>(
  columns: C,
  loss: string,
  ...read: readonly K[]
): C & Required<Pick<C, K>> {
  const missing = read.find((name) => columns[name] === undefined);
  if (missing === undefined) return columns as C & Required<Pick<C, K>>;
  throw new NearfoldError("bad-argument", "the batch lacks what this loss reads", {
    at: loss,
    got: Object.keys(columns).join(", "),
    wanted: `${missing} as well`,
  });
}

/** The label of each row, `[B]`. @throws bad-argument for a batch without them, or with several a row */
export function rowLabels(columns: Columns, loss: string): Value {
  const { labels } = requireColumns(columns, loss, "labels");
  if (labels.shape.length === 1) return labels;
  throw new NearfoldError("bad-argument", "the labels are not one number a row", {
    at: loss,
    got: showType(labels),
    wanted: "float32[B]",
  });
}

/** The hard negatives, one at least. @throws bad-argument for a batch without */
export function requireNegatives({ negatives }: Embeddings, loss: string): readonly Value[] {
  if (negatives.length > 0) return negatives;
  throw new NearfoldError("bad-argument", "this loss compares with hard negatives", {
    at: loss,
    got: "none",
    wanted: "one for each anchor, at least",
  });
}

/** Every column: anchors, positives, then each column of hard negatives. */
export function columnsOf({ anchors, positives, negatives }: Embeddings): readonly Value[] {
  return [anchors, ...(positives ? [positives] : []), ...negatives];
}

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

/** Each row of `a` compared with its own of `b`: `[B, D], [B, D] -> [B]`. */
export function rowScores(a: Value, b: Value, similarity: SimilarityName): Value {
  return rowProducts(similarities[similarity](a), similarities[similarity](b));
}

/** True on the diagonal, `[B, B]`, for the rows of `x`. */
export function isSelf(x: Value): Value {
  const row = range(dimOf(x, 0));
  return equal(unsqueeze(row, [1]), unsqueeze(row, [0]));
}

/** `log Σ exp` along the last axis, which goes away. */
export function logSumExp(x: Value): Value {
  const top = stopGradient(reduceMax(x, { axes: [-1], keep: true }));
  const total = reduceSum(exp(sub(x, top)), { axes: [-1], keep: true });
  return reduceSum(add(log(total), top), { axes: [-1] });
}

/** The mean of the elements that are counted; 0 where none is. */
export function meanWhere(counted: Value, x: Value): Value {
  const size = stopGradient(reduceSum(cast(counted, "float32")));
  return div(reduceSum(where(counted, x, 0)), maximum(size, 1));
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
