/** Where two models differ, row by row. */
import { averageRanks } from "./correlation.ts";
import type { Judgements } from "./measures.ts";
import type { Ranking } from "./ranking.ts";

/** The rows whose score fell, the largest fall first, at most `count`; equal falls in the order of the rows. */
export function largestLosses(
  ours: ArrayLike<number>,
  baseline: ArrayLike<number>,
  count: number,
): readonly number[] {
  const change = (row: number) => ours[row] - baseline[row];
  return Array.from(ours, (_, row) => row)
    .filter((row) => change(row) < 0)
    .sort((a, b) => change(a) - change(b))
    .slice(0, count);
}

/** The rank, from 1, of the first relevant document; undefined where none was found. */
export function firstRelevantRank(ranking: Ranking, judgements: Judgements): number | undefined {
  const place = ranking.findIndex(({ id }) => (judgements.get(id) ?? 0) > 0);
  return place < 0 ? undefined : place + 1;
}

/**
 * What each pair adds to Spearman's ρ: `1 - (x - y)² / 2` of its two ranks, standardized. 1 where it has the same place in both lists; their
 * mean is ρ, ties included (with variances of 1, `mean (x - y)² = 2 - 2 ρ`). All 0 where a list is constant.
 */
export function spearmanTerms(x: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  const [a, b] = [standardRanks(x), standardRanks(y)];
  if (!a || !b) return new Float64Array(x.length);
  return a.map((rank, i) => 1 - (rank - b[i]) ** 2 / 2);
}

/** Average ranks of mean 0 and variance 1; undefined where all are equal. */
function standardRanks(values: ArrayLike<number>): Float64Array | undefined {
  const ranks = averageRanks(values);
  const mean = (ranks.length + 1) / 2;
  const variance = ranks.reduce((sum, rank) => sum + (rank - mean) ** 2, 0) / ranks.length;
  return variance > 0 ? ranks.map((rank) => (rank - mean) / Math.sqrt(variance)) : undefined;
}
