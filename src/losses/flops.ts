import type { Value } from "../graph/node.ts";
import {
  cast,
  concat,
  equal,
  greater,
  mul,
  not_,
  reduceMean,
  reduceSum,
  where,
} from "../graph/ops/index.ts";
import { columnsOf, type Loss } from "./loss.ts";
import { checkOptions, count, type Fields } from "./options.ts";

export interface FlopsOptions {
  /** Vectors with at most so many elements other than 0 are sparse enough, and cost nothing. @default 0 */
  readonly threshold?: number;
}

export const flopsFields: Fields<FlopsOptions> = { threshold: count };

/**
 * The FLOPS regularizer of sparse, non-negative vectors (Paria et al., arXiv:2004.05665): `Σ_d (mean_b x[b, d])²`, the
 * expected multiplications of a product of two. All columns are one batch. Beside a loss, not alone: see `splade` and `sum`.
 * sentence-transformers' FlopsLoss.
 * @throws bad-argument for options that make no sense
 */
export function flops(options: FlopsOptions = {}): Loss {
  checkOptions(options, flopsFields, "flops");
  const { threshold = 0 } = options;
  return (columns) => {
    const x = concat(columnsOf(columns), 0);
    const charged = threshold === 0 ? x : where(isDense(x, threshold), x, 0);
    const mean = reduceMean(charged, { axes: [0] });
    return reduceSum(mul(mean, mean));
  };
}

/** True for rows with more elements other than 0, `[B, 1]`. */
function isDense(x: Value, threshold: number): Value {
  const size = reduceSum(cast(not_(equal(x, 0)), "float32"), { axes: [1], keep: true });
  return greater(size, threshold);
}
