/** Which data set each step draws its batch from: every batch is of one set. */
import { sequence, shuffle } from "../graph/rng.ts";

export interface MixtureOptions {
  /**
   * A set of `n` batches is drawn in proportion to `n^(1/temperature)`: 1 is in proportion to its size, more evens small and large
   * sets out (Arivazhagan et al., arXiv:1907.05019, §4.2).
   */
  readonly temperature: number;
  readonly seed: number;
  readonly epoch: number;
}

/** So that the order of sets is another than that of rows. */
const STREAM = 0x6d69;

/**
 * The set of each step of an epoch, which has as many steps as all sets have batches. No set is left out.
 * @param sizes batches of each set
 */
export function mixture(sizes: readonly number[], options: MixtureOptions): Int32Array {
  const { temperature, seed, epoch } = options;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const counts = shares(
    sizes.map((size) => size ** (1 / temperature)),
    total,
  );
  const order = Int32Array.from(counts.flatMap((count, set) => Array<number>(count).fill(set)));
  return shuffle(order, sequence(seed, epoch, STREAM));
}

/** `total` divided in proportion to the weights, by largest remainders; at least 1 each where there is enough. */
function shares(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const exact = weights.map((weight) => (total * weight) / sum);
  const counts = exact.map((share) =>
    total >= weights.length ? Math.max(1, Math.floor(share)) : 0,
  );
  const left = () => total - counts.reduce((a, b) => a + b, 0);
  while (left() !== 0) {
    const step = Math.sign(left());
    const gaps = counts.map((count, i) =>
      step < 0 && count === 1 ? -Infinity : step * (exact[i] - count),
    );
    counts[gaps.indexOf(Math.max(...gaps))] += step;
  }
  return counts;
}
