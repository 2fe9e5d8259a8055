import { NearfoldError } from "../errors.ts";
import type { Value } from "../graph/node.ts";
import { slice } from "../graph/ops/index.ts";
import { type Columns, type Loss, weighted } from "./loss.ts";
import { checkOptions, type Fields, finite, listOf, width } from "./options.ts";

export interface MatryoshkaOptions {
  /** One for each of the dims. @default all 1 */
  readonly weights?: readonly number[];
}

export const matryoshkaFields: Fields<MatryoshkaOptions & { readonly dims: readonly number[] }> = {
  dims: listOf(width),
  weights: listOf(finite),
};

/**
 * Matryoshka representation learning (Kusupati et al., arXiv:2205.13147, eq. 1): the weighted sum of a loss on the first `d`
 * dimensions, for each `d` of `dims`. The loss normalises what it compares, so each prefix is a unit vector to it.
 * A teacher's embeddings stay whole: they are another model's, whose prefixes may mean nothing.
 * @throws bad-argument when there are no dims, or not as many weights
 */
export function matryoshka(
  loss: Loss,
  dims: readonly number[],
  options: MatryoshkaOptions = {},
): Loss {
  checkOptions({ dims, ...options }, matryoshkaFields, "matryoshka");
  const { weights = dims.map(() => 1) } = options;
  if (dims.length === 0 || weights.length !== dims.length) {
    throw new NearfoldError("bad-argument", "dims and weights do not fit each other", {
      at: "matryoshka",
      got: `dims ${dims.join(", ") || "none"}; weights ${weights.join(", ") || "none"}`,
      wanted: "one of the dims, at least, and a weight for each",
    });
  }
  return (columns) =>
    weighted(dims.map((d, i) => [weights[i], loss(mapColumns(columns, (x) => head(x, d)))]));
}

/** The first `d` dimensions: `[B, D] -> [B, d]`. @throws bad-argument when there are not as many */
function head(x: Value, d: number): Value {
  const full = x.shape[1];
  if (typeof full === "number" && d > full) {
    const details = { at: "matryoshka", got: `${d}`, wanted: `at most ${full}` };
    throw new NearfoldError("bad-argument", "the vectors are not that wide", details);
  }
  return full === d ? x : slice(x, { start: 0, end: d, axis: 1 });
}

/** The same columns, each put through `f`. */
function mapColumns(columns: Columns, f: (x: Value) => Value): Columns {
  const { anchors, positives, negatives } = columns;
  return {
    ...columns,
    anchors: f(anchors),
    ...(positives && { positives: f(positives) }),
    negatives: negatives.map(f),
  };
}
