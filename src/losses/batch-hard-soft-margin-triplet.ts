import { softplus, sub } from "../graph/ops/index.ts";
import { type BatchTripletOptions, batchTripletFields, hardestOf } from "./batch-triplets.ts";
import { type Loss, meanWhere } from "./loss.ts";
import { checkOptions, type Fields } from "./options.ts";

const NAME = "batch-hard-soft-margin-triplet";

export type SoftMarginOptions = Omit<BatchTripletOptions, "margin">;

export const softMarginFields: Fields<SoftMarginOptions> = {
  distance: batchTripletFields.distance,
};

/**
 * `batchHardTriplet` without a margin to choose: `mean_i log(1 + exp(max_p d(i, p) − min_n d(i, n)))`
 * (Hermans et al., arXiv:1703.07737, §2). Labels are classes. sentence-transformers' BatchHardSoftMarginTripletLoss.
 * @throws bad-argument for options that make no sense
 */
export function batchHardSoftMarginTriplet(options: SoftMarginOptions = {}): Loss {
  checkOptions(options, softMarginFields, NAME);
  const { distance = "euclidean" } = options;
  return (columns) => {
    const { positive, negative, complete } = hardestOf(columns, distance, NAME);
    return meanWhere(complete, softplus(sub(positive, negative)));
  };
}
