/** Two models on the same rows: each figure, their difference and their ratio, with intervals. */
import { NearfoldError } from "../errors.ts";
import { bootstrap, observed, type Statistic } from "./bootstrap.ts";
import { type Interval, quantile, type ResampleOptions } from "./resample.ts";

/** One measure of both, as statistics of the same rows. */
export interface PairedStatistic {
  readonly ours: Statistic;
  readonly baseline: Statistic;
}

export interface Comparison {
  readonly ours: Interval;
  readonly baseline: Interval;
  /** Ours minus the baseline's. */
  readonly difference: Interval;
  /**
   * Two-sided, by inverting the percentile interval (Efron and Tibshirani 1993, chapter 15): twice the smaller share of resamples at or
   * beyond 0, itself counted as one.
   */
  readonly p: number;
  readonly kept: Kept;
}

/**
 * Ours over the baseline's; infinite where the baseline's is not above 0, as there is nothing that could be lost. `mean` is of the rows as
 * they are.
 */
export interface Kept extends Interval {
  /** The upper end of the one-sided interval: with that confidence no more is kept. */
  readonly atMost: number;
}

/**
 * The paired percentile bootstrap of several measures over `size` rows, each resample for all of them.
 * @param confidence of every interval @default 0.95
 * @throws bad-argument for no rows, no samples or no confidence
 */
export function comparePaired<M extends string>(
  measures: Readonly<Record<M, PairedStatistic>>,
  size: number,
  { confidence = 0.95, ...options }: ResampleOptions & { readonly confidence?: number },
): Readonly<Record<M, Comparison>> {
  if (!(confidence > 0 && confidence < 1)) {
    const [got, wanted] = [String(confidence), "above 0, below 1"];
    throw new NearfoldError("bad-argument", "not a confidence", { got, wanted });
  }
  const pairs = Object.entries<PairedStatistic>(measures);
  const statistics = pairs.flatMap(([, { ours, baseline }]) => [ours, baseline]);
  const figures = bootstrap(size, statistics, options);
  const comparisons = pairs.map(([name, { ours, baseline }], i) => {
    const drawn = { ours: figures[2 * i], baseline: figures[2 * i + 1] };
    const found = { ours: observed(ours, size), baseline: observed(baseline, size) };
    return [name, toComparison(found, drawn, confidence)] as const;
  });
  return Object.fromEntries(comparisons) as Record<M, Comparison>;
}

interface Two<T> {
  readonly ours: T;
  readonly baseline: T;
}

function toComparison(
  found: Two<number>,
  drawn: Two<Float64Array>,
  confidence: number,
): Comparison {
  const both = (combine: (ours: number, baseline: number) => number) => ({
    found: combine(found.ours, found.baseline),
    drawn: drawn.ours.map((ours, i) => combine(ours, drawn.baseline[i])),
  });
  const [difference, kept] = [both((a, b) => a - b), both(shareOf)];
  return {
    ours: intervalOf(found.ours, drawn.ours, confidence),
    baseline: intervalOf(found.baseline, drawn.baseline, confidence),
    difference: intervalOf(difference.found, difference.drawn, confidence),
    p: twoSided(difference.drawn),
    kept: {
      ...intervalOf(kept.found, kept.drawn, confidence),
      atMost: quantile(kept.drawn.toSorted(), confidence),
    },
  };
}

function shareOf(ours: number, baseline: number): number {
  return baseline > 0 ? ours / baseline : Number.POSITIVE_INFINITY;
}

function intervalOf(mean: number, drawn: Float64Array, confidence: number): Interval {
  const sorted = drawn.toSorted();
  const tail = (1 - confidence) / 2;
  return { mean, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/** Never 0 (Phipson and Smyth 2010). */
function twoSided(differences: Float64Array): number {
  let [below, above] = [0, 0];
  for (const difference of differences) {
    if (difference <= 0) below++;
    if (difference >= 0) above++;
  }
  return Math.min(1, (2 * (1 + Math.min(below, above))) / (1 + differences.length));
}
