import { add, and, greater, sub } from "../graph/ops/index.ts";
import { type BatchTripletOptions, batchTripletOptions, positivePairs } from "./batch-triplets.ts";
import { type Loss, meanWhere } from "./loss.ts";

const NAME = "batch-all-triplet";

/**
 * All triplets of a batch of labelled texts: the mean of `d(a, p) − d(a, n) + margin` over those where it is above 0
 * (Hermans et al., arXiv:1703.07737, eq. 6, without the zeros). Labels are classes; no triplets give 0.
 * sentence-transformers' BatchAllTripletLoss.
 * @throws bad-argument for options that make no sense
 */
export function batchAllTriplet(options: BatchTripletOptions = {}): Loss {
  const { distance, margin } = batchTripletOptions(options, NAME);
  return (columns) => {
    const { positive, others, isNegative } = positivePairs(columns, distance, NAME);
    const violation = add(sub(positive, others), margin);
    return meanWhere(and(isNegative, greater(violation, 0)), violation);
  };
}
