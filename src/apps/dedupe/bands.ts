/** How a signature is cut into bands, by the S-curve. */
import { NearfoldError } from "../../errors.ts";

/** `bands` keys of `rows` minimums each. */
export interface Bands {
  readonly bands: number;
  readonly rows: number;
}

export interface BandOptions {
  /** Minimums in a signature, of which at most so many are used. @default 128 */
  readonly permutations?: number;
  /** Of pairs that are exactly as alike as the threshold, at least this share becomes candidates. @default 0.95 */
  readonly recall?: number;
}

/**
 * The chance that two sets of a Jaccard similarity share a band: `1 - (1 - s^rows)^bands` (Leskovec, Rajaraman and Ullman, "Mining of Massive
 * Datasets", section 3.4).
 */
export function chanceOfCandidate(similarity: number, { bands, rows }: Bands): number {
  return 1 - (1 - similarity ** rows) ** bands;
}

/**
 * The steepest curve that keeps the recall at the threshold: the most rows a band, hence the fewest candidates below it. Candidates are verified, so what
 * comes too many costs time only.
 * @throws bad-argument for a threshold outside (0, 1], or one so low that no bands find it
 */
export function chooseBands(
  threshold: number,
  { permutations = 128, recall = 0.95 }: BandOptions = {},
): Bands {
  if (!(threshold > 0 && threshold <= 1 && recall > 0 && recall < 1 && permutations >= 1)) {
    throw new NearfoldError("bad-argument", "not what bands are chosen by", {
      got: `threshold ${threshold}, recall ${recall}, ${permutations} permutations`,
      wanted: "a threshold above 0 and at most 1, a recall between 0 and 1, a permutation or more",
    });
  }
  for (let rows = permutations; rows >= 1; rows--) {
    const made = { bands: Math.floor(permutations / rows), rows };
    if (chanceOfCandidate(threshold, made) >= recall) return made;
  }
  throw new NearfoldError("bad-argument", "the threshold is too low for so few permutations", {
    got: `${threshold} with ${permutations}`,
    wanted: `at least ${(1 - (1 - recall) ** (1 / permutations)).toFixed(3)}`,
  });
}
