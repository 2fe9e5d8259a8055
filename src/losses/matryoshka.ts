import { NearfoldError } from "../errors.ts";
import type { Value } from "../graph/node.ts";
import { slice } from "../graph/ops/index.ts";
import type { Columns, Loss } from "./loss.ts";
import { weighted } from "./loss.ts";

interface MatryoshkaOptions {
  /** One for each of the dims. @default all 1 */
  readonly weights?: readonly number[];
}

/**
 * Matryoshka representation learning (Kusupati et al., arXiv:2205.13147, eq. 1): the weighted sum of a loss on the first `d`
 * dimensions, for each `d` of `dims`. The loss normalises what it compares, so each prefix is a unit vector to it.
 * @throws bad-argument when there are no dims, or not as many weights
 */
export function matryoshka(
  loss: Loss,
  dims: readonly number[],
  { weights = dims.map(() => 1) }: MatryoshkaOptions = {},
): Loss {
  if (dims.length === 0 || weights.length !== dims.length || dims.some((d) => !(d >= 1))) {
    throw new NearfoldError("bad-argument", "dims and weights do not fit each other", {
      got: `dims ${dims.join(", ") || "none"}; weights ${weights.join(", ")}`,
      wanted: "dims of at least 1, and a weight for each",
    });
  }
  return (columns) =>
    weighted(dims.map((d, i) => [weights[i], loss(mapColumns(columns, (x) => head(x, d)))]));
}

/** The first `d` dimensions: `[B, D] -> [B, d]`. */
function head(x: Value, d: number): Value {
  return x.shape[1] === d ? x : slice(x, { start: 0, end: d, axis: 1 });
}

/** The same columns, each put through `f`. */
function mapColumns(columns: Columns, f: (x: Value) => Value): Columns {
  return {
    ...columns,
    anchors: f(columns.anchors),
    positives: f(columns.positives),
    negatives: columns.negatives.map(f),
  };
}
