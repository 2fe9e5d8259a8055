/** Which texts are encoded together: pure decisions over their lengths. */

export interface BatchLimits {
  /** Tokens of a batch; a longer text is a batch of its own. */
  readonly maxBatchTokens: number;
  /** Texts of a batch. @default 512 */
  readonly maxBatchTexts?: number;
}

/**
 * Batches of indices, longest texts first, so that the lengths of a batch are alike and the first batch is the one that needs most memory.
 * Texts without tokens are in none.
 */
export function planBatches(
  lengths: readonly number[],
  { maxBatchTokens, maxBatchTexts = 512 }: BatchLimits,
): number[][] {
  const order = [...lengths.keys()]
    .filter((i) => lengths[i] > 0)
    .sort((a, b) => lengths[b] - lengths[a] || a - b);
  const batches: number[][] = [];
  let tokens = Number.POSITIVE_INFINITY;
  for (const i of order) {
    const last = batches.at(-1);
    if (!last || tokens + lengths[i] > maxBatchTokens || last.length >= maxBatchTexts) {
      batches.push([i]);
      tokens = lengths[i];
    } else {
      last.push(i);
      tokens += lengths[i];
    }
  }
  return batches;
}
