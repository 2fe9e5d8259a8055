import { add, relu, sub } from "../graph/ops/index.ts";
import { type BatchTripletOptions, batchTripletOptions, hardestOf } from "./batch-triplets.ts";
import { type Loss, meanWhere } from "./loss.ts";

const NAME = "batch-hard-triplet";

/**
 * The hardest triplet of each labelled text (Hermans et al., arXiv:1703.07737, eq. 5):
 * `mean_i relu(max_p d(i, p) − min_n d(i, n) + margin)`, over the texts whose batch has both a positive and a negative for them.
 * Labels are classes. `batchHardSoftMarginTriplet` needs no margin.
 * sentence-transformers' BatchHardTripletLoss, which also averages over texts without a triplet.
 * @throws bad-argument for options that make no sense
 */
export function batchHardTriplet(options: BatchTripletOptions = {}): Loss {
  const { distance, margin } = batchTripletOptions(options, NAME);
  return (columns) => {
    const { positive, negative, complete } = hardestOf(columns, distance, NAME);
    return meanWhere(complete, relu(add(sub(positive, negative), margin)));
  };
}
