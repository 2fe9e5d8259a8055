/** Settings that work without being asked for, by what is trained. */
import type { TrainOptions } from "../train/index.ts";

export interface Recipe {
  readonly temperature: number;
  readonly options: Pick<
    TrainOptions,
    "batchSize" | "learningRate" | "warmup" | "weightDecay" | "subwords"
  >;
  /** Passes over so many pairs. */
  readonly epochs: (pairs: number) => number;
}

/** So many pairs seen in all, within bounds: a small set is seen often, a large one need not be. */
const untilSeen = (seen: number, most: number) => (pairs: number) =>
  Math.max(1, Math.min(most, Math.round(seen / pairs)));

export const recipes = {
  /** A bag of token vectors from nothing: large batches, a high rate, many passes. */
  static: {
    temperature: 0.07,
    options: { batchSize: 512, learningRate: 0.01, warmup: 0.05, weightDecay: 0, subwords: {} },
    epochs: untilSeen(200_000, 12),
  },
  /** A bag of token vectors that has learnt something already. */
  "static, adapted": {
    temperature: 0.07,
    options: { batchSize: 512, learningRate: 0.005, warmup: 0.05, weightDecay: 0 },
    epochs: untilSeen(200_000, 10),
  },
  /** A transformer that has learnt something already: a low rate, few passes (sentence-transformers' defaults). */
  "bert, adapted": {
    temperature: 0.05,
    options: { batchSize: 64, learningRate: 2e-5, warmup: 0.1, weightDecay: 0.01 },
    epochs: untilSeen(20_000, 4),
  },
} as const satisfies Record<string, Recipe>;

/** Widths to train a vector's prefixes for: halves, while they are worth having. */
export function halves(dims: number): readonly number[] {
  const found = [dims];
  while (found.length < 4 && found.at(-1)! % 2 === 0 && found.at(-1)! >= 64) {
    found.push(found.at(-1)! / 2);
  }
  return found;
}

/** How much is held out to measure on: 5 %, at most 2,000 pairs; nothing where that would be fewer than 20. */
export function heldOutShare(pairs: number): number {
  const share = Math.min(0.05, 2000 / pairs);
  return share * pairs < 20 ? 0 : share;
}
