/** Which rows make which batch. */
import { NearfoldError } from "../errors.ts";
import { sequence, shuffle } from "../graph/rng.ts";
import type { Row } from "./row.ts";

export interface BatchOptions {
  readonly batchSize: number;
  readonly seed: number;
  /** Each epoch has its own order. @default 0 */
  readonly epoch?: number;
  /**
   * No text twice in a batch, be it an anchor, a positive or a negative (sentence-transformers'
   * `BatchSamplers.NO_DUPLICATES`): in-batch negatives are never the row's own positive.
   * @default true
   */
  readonly noDuplicates?: boolean;
}

/**
 * The batches of an epoch as row numbers: every row once, shuffled by (seed, epoch). Pure, so a run resumes at
 * (epoch, step) by taking `batches(…)[step]`. Where texts repeat, the last batches are smaller than `batchSize`
 * and there are more of them.
 * @throws bad-argument for a batch size below 1.
 */
export function batches(
  rows: readonly Row[],
  { batchSize, seed, epoch = 0, noDuplicates = true }: BatchOptions,
): readonly Int32Array[] {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new NearfoldError("bad-argument", "not a batch size", {
      got: String(batchSize),
      wanted: "a whole number above 0",
    });
  }
  const order = shuffle(
    Int32Array.from(rows, (_, row) => row),
    sequence(seed, epoch),
  );
  if (noDuplicates) return withoutDuplicates(rows, order, batchSize);
  const starts = Array.from(
    { length: Math.ceil(order.length / batchSize) },
    (_, i) => i * batchSize,
  );
  return starts.map((start) => order.subarray(start, start + batchSize));
}

/**
 * Puts each row into the first batch that has room and comes after every batch with one of its texts. One pass, near
 * linear even when all texts are equal: `next` finds the first batch with room as disjoint sets do.
 */
function withoutDuplicates(
  rows: readonly Row[],
  order: Int32Array,
  batchSize: number,
): readonly Int32Array[] {
  const made: number[][] = [];
  const next = Int32Array.from({ length: order.length + 1 }, (_, i) => i);
  const withRoom = (batch: number): number => {
    while (next[batch] !== batch) {
      next[batch] = next[next[batch]];
      batch = next[batch];
    }
    return batch;
  };
  /** The batch after the last one that holds a text. */
  const free = new Map<string, number>();
  for (const row of order) {
    const { anchor, positive = anchor, negatives } = rows[row];
    const texts = [anchor, positive, ...negatives];
    const batch = withRoom(texts.reduce((most, text) => Math.max(most, free.get(text) ?? 0), 0));
    made[batch] ??= [];
    made[batch].push(row);
    if (made[batch].length === batchSize) next[batch] = batch + 1;
    for (const text of texts) free.set(text, batch + 1);
  }
  return made.map((rows) => Int32Array.from(rows));
}
