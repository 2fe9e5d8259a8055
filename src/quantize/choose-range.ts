import type { InputRange } from "../nn/weight-format.ts";
import { roundEven } from "../tensor/codes.ts";

/** Shares of each end that are tried. */
const SHARES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
const STEPS = 255;

/**
 * The range of 256 codes with the least squared error on these numbers: from their least to their greatest, or less, since cutting off a few makes the steps of all
 * others finer. The upper end is chosen first.
 *
 * Errors weighted by what the layer's columns are worth to its output agree no better: MiniLM's vectors have a mean cosine of 0.9930 with the float ones so, and 0.9939 as it is.
 */
export function chooseRange(numbers: Float32Array): InputRange {
  let [low, high] = [0, 0];
  for (const x of numbers) {
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  const best = (ranges: readonly InputRange[]) => {
    const errors = ranges.map((range) => squaredError(numbers, range));
    return ranges[errors.indexOf(Math.min(...errors))];
  };
  const upper = best(SHARES.map((share) => ({ low, high: share * high })));
  return best(SHARES.map((share) => ({ low: share * low, high: upper.high })));
}

function squaredError(numbers: Float32Array, { low, high }: InputRange): number {
  const scale = (high - low) / STEPS || 1;
  const zero = roundEven(-low / scale);
  let sum = 0;
  for (const x of numbers) {
    const code = Math.min(STEPS, Math.max(0, roundEven(x / scale) + zero));
    const error = x - (code - zero) * scale;
    sum += error * error;
  }
  return sum;
}
