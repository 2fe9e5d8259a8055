/** How sure a mean over queries is, and whether two runs differ, by resampling. Same seed, same answer. */
import { NearfoldError } from "../errors.ts";
import { sequence } from "../graph/rng.ts";

export interface ResampleOptions {
  readonly seed: number;
  /** @default 10,000 */
  readonly samples?: number;
}

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The percentile bootstrap interval of a mean (Efron 1979): `samples` means of as many values drawn with replacement.
 * @throws bad-argument for no values, or a confidence outside `(0, 1)`.
 */
export function bootstrapMean(
  values: ArrayLike<number>,
  { seed, samples = 10_000, confidence = 0.95 }: ResampleOptions & { readonly confidence?: number },
): Interval {
  checkResampling(values.length, samples);
  if (!(confidence > 0 && confidence < 1)) {
    throw new NearfoldError("bad-argument", "not a confidence", {
      got: String(confidence),
      wanted: "above 0, below 1",
    });
  }
  const next = sequence(seed);
  const size = values.length;
  const means = new Float64Array(samples);
  for (let sample = 0; sample < samples; sample++) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += values[Math.floor(next() * size)];
    means[sample] = sum / size;
  }
  means.sort();
  const mean = Array.from(values).reduce((a, b) => a + b, 0) / size;
  const tail = (1 - confidence) / 2;
  return { mean, low: quantile(means, tail), high: quantile(means, 1 - tail) };
}

export interface PairedTest {
  /** Mean of `a` minus mean of `b`. */
  readonly difference: number;
  /** The chance of a difference at least as large, either way, if the two runs were interchangeable. */
  readonly p: number;
}

/**
 * The paired randomization test, two-sided (Smucker, Allan, Carterette, CIKM 2007): for each query the two values are
 * swapped or not. `p = (1 + as extreme) / (1 + samples)`, so it is never 0 (Phipson and Smyth 2010).
 * @param a values of one run, query by query; `b` those of the other, in the same order.
 * @throws bad-argument for lists that differ in length or are empty.
 */
export function pairedTest(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { seed, samples = 10_000 }: ResampleOptions,
): PairedTest {
  checkResampling(a.length, samples, b.length);
  // Queries without a difference add nothing, swapped or not.
  const differences = Float64Array.from(a, (value, i) => value - b[i]).filter((d) => d !== 0);
  const observed = differences.reduce((sum, d) => sum + d, 0);
  // Sums in another order differ by rounding: as extreme means up to that.
  const limit = Math.abs(observed) - 1e-12 * differences.reduce((sum, d) => sum + Math.abs(d), 0);
  const next = sequence(seed);
  let extreme = 0;
  for (let sample = 0; sample < samples; sample++) {
    let sum = 0;
    let bits = 0;
    for (let i = 0; i < differences.length; i++) {
      if (i % 32 === 0) bits = (next() * 2 ** 32) | 0;
      sum += bits & 1 ? differences[i] : -differences[i];
      bits >>>= 1;
    }
    if (Math.abs(sum) >= limit) extreme++;
  }
  return { difference: observed / a.length, p: (1 + extreme) / (1 + samples) };
}

/** Of sorted numbers, interpolated (Hyndman and Fan's type 7); infinite where an infinity is next to the place. */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  if (sorted[below] === sorted[above]) return sorted[below];
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** @throws bad-argument for lists that are empty or differ in length, or no samples */
export function checkResampling(size: number, samples: number, other = size): void {
  if (size > 0 && size === other && Number.isSafeInteger(samples) && samples > 0) return;
  throw new NearfoldError("bad-argument", "nothing to resample", {
    got: size === other ? `${size} values, ${samples} samples` : `${size} and ${other} values`,
    wanted: "one value or more, as many in both runs, one sample or more",
  });
}
