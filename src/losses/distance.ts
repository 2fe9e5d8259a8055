/** How far two vectors are from each other. */
import type { Value } from "../graph/node.ts";
import {
  abs,
  add,
  greater,
  mul,
  reduceSum,
  sqrt,
  sub,
  unsqueeze,
  where,
} from "../graph/ops/index.ts";
import { products, rowProducts, rowScores, similarities } from "./loss.ts";

/** Row by row: `[B, D], [B, D] -> [B]`. */
export const distances = {
  /** `1 − cos`, from 0 to 2. */
  cosine: (a, b) => sub(1, rowScores(a, b, "cosine")),
  euclidean: (a, b) => root(squares(sub(a, b))),
  manhattan: (a, b) => reduceSum(abs(sub(a, b)), { axes: [-1] }),
} as const satisfies Record<string, (a: Value, b: Value) => Value>;

export type DistanceName = keyof typeof distances;

/** Each row from each: `[B, D] -> [B, B]`. The diagonal is 0 up to rounding. */
export const distanceMatrices = {
  cosine: (x) => sub(1, products(similarities.cosine(x), similarities.cosine(x))),
  /** By `|a|² + |b|² − 2ab`: one product instead of `B² D` differences, exact to about `1e-7 |a|²`. */
  euclidean: (x) => {
    const square = squares(x);
    const sums = add(unsqueeze(square, [1]), unsqueeze(square, [0]));
    return root(sub(sums, mul(products(x, x), 2)));
  },
} as const satisfies Partial<Record<DistanceName, (x: Value) => Value>>;

export type MatrixDistanceName = keyof typeof distanceMatrices;

/** Beyond any distance. */
export const FAR = 1e9;

/** sentence-transformers' 5, which no cosine distance can meet: there it is 0.3. */
export const tripletMargins = { cosine: 0.3, euclidean: 5, manhattan: 5 } as const satisfies Record<
  DistanceName,
  number
>;

const squares = (x: Value) => rowProducts(x, x);

/** The square root, without gradient where there is none: at 0 (and below, where rounding led). */
function root(square: Value): Value {
  const proper = greater(square, 0);
  return where(proper, sqrt(where(proper, square, 1)), 0);
}
