import { add, and, greater, relu, squeeze, sub, where } from "../graph/ops/index.ts";
import {
  any,
  type BatchTripletOptions,
  batchTripletOptions,
  farthest,
  nearest,
  positivePairs,
} from "./batch-triplets.ts";
import { type Loss, meanWhere } from "./loss.ts";

const NAME = "batch-semi-hard-triplet";

/**
 * Each pair of one class with its semi-hard negative, the nearest of those farther than the positive, or the farthest of all where
 * none is (Schroff et al., FaceNet, arXiv:1503.03832 §3.2): `mean relu(d(a, p) − d(a, n) + margin)`. Labels are classes; pairs
 * whose batch has no other class are not counted. sentence-transformers' BatchSemiHardTripletLoss.
 * @throws bad-argument for options that make no sense
 */
export function batchSemiHardTriplet(options: BatchTripletOptions = {}): Loss {
  const { distance, margin } = batchTripletOptions(options, NAME);
  return (columns) => {
    const { positive, others, isNegative } = positivePairs(columns, distance, NAME);
    const isFarther = and(isNegative, greater(others, positive));
    const negative = where(
      any(isFarther),
      nearest(isFarther, others),
      farthest(isNegative, others),
    );
    const violation = add(sub(squeeze(positive, [1]), negative), margin);
    return meanWhere(any(isNegative), relu(violation));
  };
}
