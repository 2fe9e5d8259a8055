import type { Value } from "../graph/node.ts";
import {
  add,
  cast,
  dimOf,
  div,
  maximum,
  mul,
  reduceSum,
  relu,
  reshape,
  stopGradient,
  sub,
  where,
} from "../graph/ops/index.ts";
import { average, columnsOf, isSelf, type Loss, products, similarities } from "./loss.ts";
import { checkOptions, type Fields, notNegative, oneOf } from "./options.ts";

const NAME = "global-orthogonal-regularization";

export interface GlobalOrthogonalRegularizationOptions {
  /** @default 1 */
  readonly meanWeight?: number;
  /** @default 1 */
  readonly secondMomentWeight?: number;
  /** Over the columns. @default "mean" */
  readonly aggregation?: "mean" | "sum";
}

export const globalOrthogonalRegularizationFields: Fields<GlobalOrthogonalRegularizationOptions> = {
  meanWeight: notNegative,
  secondMomentWeight: notNegative,
  aggregation: oneOf(["mean", "sum"]),
};

/**
 * Spreads vectors over the sphere (Zhang et al., arXiv:1708.06320): of the cosines between different rows of a column,
 * `w₁ (mean cos)² + w₂ relu(mean cos² − 1 / D)`; uniform directions would have 0 and 1/D. Beside a loss, not alone: see `sum`.
 * EmbeddingGemma (arXiv:2509.20354) takes w₁ = 0 and the sum over columns. sentence-transformers' GlobalOrthogonalRegularizationLoss.
 * @throws bad-argument for options that make no sense
 */
export function globalOrthogonalRegularization(
  options: GlobalOrthogonalRegularizationOptions = {},
): Loss {
  checkOptions(options, globalOrthogonalRegularizationFields, NAME);
  const { meanWeight = 1, secondMomentWeight = 1, aggregation = "mean" } = options;
  return (columns) => {
    const terms = columnsOf(columns).map((x) => {
      const { mean, secondMoment } = momentsOf(x);
      const excess = relu(sub(secondMoment, 1 / (x.shape[1] as number)));
      return add(mul(mul(mean, mean), meanWeight), mul(excess, secondMomentWeight));
    });
    return aggregation === "mean" ? average(terms) : terms.reduce((a, b) => add(a, b));
  };
}

/** Of the cosines between different rows of `[B, D]`: scalars, 0 for one row. */
function momentsOf(x: Value) {
  const unit = similarities.cosine(x);
  const cosines = where(isSelf(x), 0, products(unit, unit));
  const size = stopGradient(reshape(cast(dimOf(x, 0), "float32"), []));
  const pairs = maximum(mul(size, sub(size, 1)), 1);
  return {
    mean: div(reduceSum(cosines), pairs),
    secondMoment: div(reduceSum(mul(cosines, cosines)), pairs),
  };
}
