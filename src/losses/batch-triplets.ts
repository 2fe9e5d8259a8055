/** The triplets that a batch of labelled texts holds: two texts of one class, and a text of another. */
import { constant, type Value } from "../graph/node.ts";
import {
  and,
  cast,
  equal,
  gather,
  gatherElements,
  greater,
  nonZero,
  not_,
  reduceMax,
  reduceMin,
  unsqueeze,
  where,
} from "../graph/ops/index.ts";
import { ints } from "../tensor/tensor.ts";
import { distanceMatrices, FAR, type MatrixDistanceName, tripletMargins } from "./distance.ts";
import { type Columns, isSelf, rowLabels } from "./loss.ts";
import { checkOptions, type Fields, nameIn, positive } from "./options.ts";

export interface BatchTripletOptions {
  /** @default "euclidean" */
  readonly distance?: MatrixDistanceName;
  /** How much farther the negative must be than the positive. @default 5; for cosine 0.3 */
  readonly margin?: number;
}

export const batchTripletFields: Fields<BatchTripletOptions> = {
  distance: nameIn(distanceMatrices),
  margin: positive,
};

/** The options with their defaults. @throws bad-argument */
export function batchTripletOptions(options: BatchTripletOptions, loss: string) {
  checkOptions(options, batchTripletFields, loss);
  const { distance = "euclidean" } = options;
  const { margin = tripletMargins[distance] } = options;
  return { distance, margin };
}

/** For each text as anchor, `[B]`: the distance of its farthest positive, of its nearest negative, and whether it has both. */
export function hardestOf(columns: Columns, distance: MatrixDistanceName, loss: string) {
  const labels = rowLabels(columns, loss);
  const apart = distanceMatrices[distance](columns.anchors);
  const same = equal(unsqueeze(labels, [1]), unsqueeze(labels, [0]));
  const isPositive = and(same, not_(isSelf(labels)));
  const isNegative = not_(same);
  return {
    positive: farthest(isPositive, apart),
    negative: nearest(isNegative, apart),
    complete: and(any(isPositive), any(isNegative)),
  };
}

/**
 * The `P` pairs (anchor, positive) of a batch, each with all texts as possible negatives: memory `P B` and not `B³`.
 * `positive` is the distance within each pair, `[P, 1]`; `others` those from its anchor, `[P, B]`; `isNegative` `[P, B]`.
 */
export function positivePairs(columns: Columns, distance: MatrixDistanceName, loss: string) {
  const labels = rowLabels(columns, loss);
  const apart = distanceMatrices[distance](columns.anchors);
  const same = equal(unsqueeze(labels, [1]), unsqueeze(labels, [0]));
  const found = nonZero(and(same, not_(isSelf(labels))));
  const [anchor, other] = [0, 1].map((i) => gather(found, constant(ints([i], [])), 0));
  const others = gather(apart, anchor);
  const isOther = equal(unsqueeze(gather(labels, anchor), [1]), unsqueeze(labels, [0]));
  return {
    positive: gatherElements(others, unsqueeze(other, [1]), 1),
    others,
    isNegative: not_(isOther),
  };
}

/** The least of a row's distances among those asked for, beyond any where none is: `[M, N] -> [M]`. */
export function nearest(asked: Value, distances: Value): Value {
  return reduceMin(where(asked, distances, FAR), { axes: [1] });
}

/** The greatest, as `nearest`. */
export function farthest(asked: Value, distances: Value): Value {
  return reduceMax(where(asked, distances, -FAR), { axes: [1] });
}

/** Whether a row holds a true one: `[M, N] -> [M]`. */
export function any(mask: Value): Value {
  return greater(reduceMax(cast(mask, "float32"), { axes: [1] }), 0);
}
