import { dotRows } from "../../tensor/rows.ts";

/** What is chosen from: a hit, and where it lies. */
export interface Candidate {
  readonly score: number;
  /** Of unit length. */
  readonly vector: Float32Array;
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein 1998): again and again the candidate of the greatest
 * `(1 − diversity) · relevance − diversity · max cosine to what is chosen`. Relevance is the score, spread from 0 (the worst candidate) to 1
 * (the best), so that one setting serves scores of any scale.
 * @param candidates best first
 * @param diversity 0 leaves their order, 1 looks at differences alone
 * @returns places in `candidates`, at most `k`
 */
export function marginalRelevance(
  candidates: readonly Candidate[],
  k: number,
  diversity: number,
): readonly number[] {
  const [high, low] = [candidates[0]?.score ?? 0, candidates.at(-1)?.score ?? 0];
  const relevance = candidates.map(({ score }) => (high > low ? (score - low) / (high - low) : 1));
  const nearest = new Float64Array(candidates.length).fill(-1);
  const left = new Set(candidates.keys());
  const chosen: number[] = [];
  while (chosen.length < k && left.size > 0) {
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (const place of left) {
      const likeness = chosen.length === 0 ? 0 : nearest[place];
      const gain = (1 - diversity) * relevance[place] - diversity * likeness;
      if (gain > most) [best, most] = [place, gain];
    }
    chosen.push(best);
    left.delete(best);
    for (const place of left) {
      const [a, b] = [candidates[place].vector, candidates[best].vector];
      const cosine = dotRows(a, 0, b, 0, a.length);
      nearest[place] = Math.max(nearest[place], cosine);
    }
  }
  return chosen;
}
