/** What a step of the towers is shown: chosen by a seed, without any arithmetic of theirs. */
import type { Rng } from "../../graph/rng.ts";

/** One user's part of a batch. */
export interface Example {
  /** Rows of what they had chosen before, the oldest first. */
  readonly history: Int32Array;
  /** Rows of what they chose next. */
  readonly targets: Int32Array;
  /** All rows that they ever chose: none of these is a negative of theirs. */
  readonly known: Int32Array;
}

export interface DrawOptions {
  /** Targets of one user, at most. */
  readonly targets: number;
  /** Of a history the latest count, so many at most. */
  readonly longest: number;
  /** The share of a history that is left out. */
  readonly dropout: number;
}

/**
 * A part of somebody's choices as targets, and what came before as their history: a cut at any place, as many targets after it as there
 * are, `targets` at most. Everything may be a target, the first choices too (of an empty history).
 */
export function drawExample(known: Int32Array, options: DrawOptions, next: Rng): Example {
  const { targets, longest, dropout } = options;
  const cut = Math.floor(next() * known.length);
  const history = known.subarray(Math.max(0, cut - longest), cut);
  return {
    history: dropout > 0 ? history.filter(() => next() >= dropout) : history,
    targets: known.subarray(cut, cut + targets),
    known,
  };
}

/** How often each item is expected among the targets of one round over all users, `[I]`: what logQ goes by. */
export function expectedDraws(
  histories: readonly Int32Array[],
  items: number,
  { targets }: Pick<DrawOptions, "targets">,
): Float64Array {
  const draws = new Float64Array(items);
  for (const history of histories) {
    // The choice at place p is a target of every cut from p − targets + 1 to p.
    history.forEach((row, place) => {
      draws[row] += Math.min(targets, place + 1) / history.length;
    });
  }
  return draws;
}

/** How much each of `n` items counts in a user's vector, the oldest first: half as much `halfLife` items earlier, of unit length together. */
export function historyWeights(n: number, halfLife: number): Float32Array {
  const weights = Float32Array.from({ length: n }, (_, i) => 2 ** (-(n - 1 - i) / halfLife));
  const length = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));
  return n === 0 ? weights : weights.map((weight) => weight / length);
}
