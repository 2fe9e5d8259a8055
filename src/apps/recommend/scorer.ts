import type { Feedback } from "./feedback.ts";
import { itemCounts } from "./feedback.ts";

/** How much somebody with this history, the oldest first, may want each item: `[I]`, higher is better. The array is the caller's. */
export type Scorer = (history: ArrayLike<number>) => Float32Array;

/** The same for everybody: how many chose the item. */
export function popularity(feedback: Feedback): Scorer {
  const counts = Float32Array.from(itemCounts(feedback));
  return () => counts.slice();
}

/**
 * The rank, from 1, that a scorer gives an item among all that are no part of the history; of equal scores the lower row is first.
 * @param candidates which rows are ranked @default all
 */
export function rankOf(
  scores: Float32Array,
  item: number,
  history: ArrayLike<number>,
  candidates?: (row: number) => boolean,
): number {
  const seen = new Set(Array.from(history));
  const own = scores[item];
  let rank = 1;
  for (let row = 0; row < scores.length; row++) {
    const better = scores[row] > own || (scores[row] === own && row < item);
    if (better && !seen.has(row) && (candidates?.(row) ?? true)) rank++;
  }
  return rank;
}
