/** Batches for losses that compare rows by their labels. */
import { NearfoldError } from "../errors.ts";
import { sequence, shuffle } from "../graph/rng.ts";
import type { BatchOptions } from "./batches.ts";

/** So that the order is another than that of other batches of the seed. */
const STREAM = 0x6c62;

/** Two labels of two rows. */
const SMALLEST = 4;

/**
 * The batches of an epoch as row numbers, in which each label that occurs has two rows or more and at least two labels occur: no anchor is
 * without a positive or a negative. Labels take turns in giving two rows; what remains of one label at the end, an odd row and a label
 * with one row are left out of this epoch. Pure: shuffled by (seed, epoch). sentence-transformers' `BatchSamplers.GROUP_BY_LABEL`.
 * @param labels one a row
 * @throws bad-argument for a batch size below 4; bad-input where fewer than two labels have two rows
 */
export function labelBatches(
  labels: readonly unknown[],
  { batchSize, seed, epoch = 0 }: Omit<BatchOptions, "noDuplicates">,
): readonly Int32Array[] {
  if (!Number.isSafeInteger(batchSize) || batchSize < SMALLEST) {
    throw new NearfoldError("bad-argument", "too small a batch to compare labels", {
      got: `${batchSize}`,
      wanted: `at least ${SMALLEST}: two rows of two labels`,
    });
  }
  const pairs = takeTurns(labels, sequence(seed, epoch, STREAM));
  const perBatch = Math.floor(batchSize / 2);
  const starts = Array.from({ length: Math.ceil(pairs.length / perBatch) }, (_, i) => i * perBatch);
  return starts.flatMap((start) => {
    const batch = pairs.slice(start, start + perBatch);
    return batch.length > 1 ? [Int32Array.from(batch.flat())] : [];
  });
}

/** Rows two by two, of equal labels, so that neighbours differ in their labels. */
function takeTurns(labels: readonly unknown[], next: () => number): readonly number[][] {
  const left = rowsByLabel(labels).map((rows) => shuffle([...rows], next));
  const pairs: number[][] = [];
  let turn = left.filter((rows) => rows.length > 1);
  if (turn.length < 2) {
    throw new NearfoldError("bad-input", "too few labels to compare", {
      got: `${turn.length} with two rows or more`,
      wanted: "at least 2",
    });
  }
  let last: readonly number[] | undefined;
  while (turn.length > 1) {
    shuffle(turn, next);
    if (turn[0] === last) turn.push(turn.shift()!);
    for (const rows of turn) pairs.push(rows.splice(-2));
    last = turn.at(-1);
    turn = turn.filter((rows) => rows.length > 1);
  }
  return pairs;
}

function rowsByLabel(labels: readonly unknown[]): readonly (readonly number[])[] {
  return [...Map.groupBy(labels.keys(), (row) => labels[row]).values()];
}
