/** How far two lists of numbers go together. Each is NaN where one list is constant. */
import { NearfoldError } from "../errors.ts";

/** Pearson's r, in `[-1, 1]`. @throws bad-argument for lists that differ in length or are shorter than 2. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  check(x, y);
  const meanX = mean(x);
  const meanY = mean(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = x[i] - meanX;
    const dy = y[i] - meanY;
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx === 0 || yy === 0 ? Number.NaN : Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
}

/** Spearman's ρ: Pearson's r of the average ranks. @throws as `pearson`. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  check(x, y);
  return pearson(averageRanks(x), averageRanks(y));
}

/** Kendall's τ-b, with ties (Kendall 1945); takes `n²/2` steps. @throws as `pearson`. */
export function kendall(x: ArrayLike<number>, y: ArrayLike<number>): number {
  check(x, y);
  let difference = 0;
  let distinctX = 0;
  let distinctY = 0;
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const dx = Math.sign(x[i] - x[j]);
      const dy = Math.sign(y[i] - y[j]);
      difference += dx * dy;
      distinctX += dx * dx;
      distinctY += dy * dy;
    }
  }
  return difference / Math.sqrt(distinctX * distinctY);
}

/** Ranks from 1, equal numbers share the mean of theirs. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Int32Array.from({ length: values.length }, (_, i) => i).sort(
    (a, b) => values[a] - values[b],
  );
  const ranks = new Float64Array(values.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + end + 1) / 2;
  }
  return ranks;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

function check(x: ArrayLike<number>, y: ArrayLike<number>): void {
  const finite = (values: ArrayLike<number>) => Array.from(values).every(Number.isFinite);
  if (x.length === y.length && x.length >= 2 && finite(x) && finite(y)) return;
  throw new NearfoldError("bad-argument", "not two lists to correlate", {
    got: `${x.length} and ${y.length} numbers`,
    wanted: "as many finite numbers in both, at least 2",
  });
}
