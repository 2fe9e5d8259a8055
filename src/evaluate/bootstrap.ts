/** Figures of resamples in which rows stay whole: what two models give for a query or a pair is drawn together. */
import { sequence } from "../graph/rng.ts";
import { checkResampling, type ResampleOptions } from "./resample.ts";

/** A figure of a resample in which row `i` stands `counts[i]` times, as many rows in all as there are. */
export type Statistic = (counts: Int32Array) => number;

/** The mean of one value a row. */
export function meanStatistic(values: ArrayLike<number>): Statistic {
  const kept = Float64Array.from(values);
  return (counts) => {
    let sum = 0;
    for (let i = 0; i < kept.length; i++) sum += counts[i] * kept[i];
    return sum / kept.length;
  };
}

/** Pearson's r. 0 where one list is constant: it follows nothing. */
export function pearsonStatistic(x: ArrayLike<number>, y: ArrayLike<number>): Statistic {
  const [a, b] = [Float64Array.from(x), Float64Array.from(y)];
  return (counts) => weightedPearson(a, b, counts);
}

/** Spearman's ρ with the ranks of the resample, its ties included. 0 where one list is constant. */
export function spearmanStatistic(x: ArrayLike<number>, y: ArrayLike<number>): Statistic {
  const [rankX, rankY] = [rankingIn(x), rankingIn(y)];
  return (counts) => weightedPearson(rankX(counts), rankY(counts), counts);
}

/** Of all rows, each once. */
export function observed(statistic: Statistic, size: number): number {
  return statistic(new Int32Array(size).fill(1));
}

/**
 * The bootstrap (Efron 1979): each statistic of the same `samples` resamples of `size` rows, in the order they were drawn.
 * @throws bad-argument for no rows or no samples
 */
export function bootstrap(
  size: number,
  statistics: readonly Statistic[],
  { seed, samples = 10_000 }: ResampleOptions,
): readonly Float64Array[] {
  checkResampling(size, samples);
  const next = sequence(seed);
  const counts = new Int32Array(size);
  const figures = statistics.map(() => new Float64Array(samples));
  for (let sample = 0; sample < samples; sample++) {
    counts.fill(0);
    for (let i = 0; i < size; i++) counts[Math.floor(next() * size)]++;
    for (let s = 0; s < statistics.length; s++) figures[s][sample] = statistics[s](counts);
  }
  return figures;
}

/** The average ranks of values that stand so many times. They are sorted once; the result is good until the next call. */
function rankingIn(values: ArrayLike<number>): (counts: Int32Array) => Float64Array {
  const order = Int32Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  return (counts) => {
    let before = 0;
    for (let start = 0, end = 0; start < order.length; start = end) {
      let tied = 0;
      for (; end < order.length && values[order[end]] === values[order[start]]; end++) {
        tied += counts[order[end]];
      }
      for (let i = start; i < end; i++) ranks[order[i]] = before + (tied + 1) / 2;
      before += tied;
    }
    return ranks;
  };
}

function weightedPearson(x: Float64Array, y: Float64Array, counts: Int32Array): number {
  let [size, sumX, sumY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    size += counts[i];
    sumX += counts[i] * x[i];
    sumY += counts[i] * y[i];
  }
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i] - sumX / size, y[i] - sumY / size];
    xy += counts[i] * dx * dy;
    xx += counts[i] * dx * dx;
    yy += counts[i] * dy * dy;
  }
  return xx === 0 || yy === 0 ? 0 : Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
}
