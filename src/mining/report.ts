/** What mining saw, for a person to judge: counts, scores, and what looks like a match that nobody marked. */
import {
  type Candidate,
  type Dropped,
  type Match,
  type Reason,
  reasons,
  type Selection,
} from "./select.ts";

/** Of scores; all 0 where there are none. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly max: number;
}

/** A candidate that a rule against false negatives left out. */
export interface FalseNegative extends Dropped {
  readonly anchor: string;
  readonly positive: string;
  readonly positiveScore: number;
}

export interface MiningReport {
  /** Distinct; a pair that was given twice counts once. */
  readonly pairs: number;
  readonly anchors: number;
  /** Pairs that came out. */
  readonly mined: number;
  /** Pairs that were left out: fewer than `minNegatives` were found. */
  readonly short: number;
  /** Pairs whose own negatives the mined ones replace. */
  readonly replaced: number;
  /** Negatives that score above their pair's positive: a margin would have left them out. */
  readonly above: number;
  /** Anchor and candidate pairs that were looked at. */
  readonly candidates: number;
  readonly dropped: Readonly<Record<Reason, number>>;
  /** Scores by the mining model: of the pairs that came out, of their negatives, and the former minus the latter. */
  readonly scores: Readonly<Record<"positives" | "negatives" | "differences", Distribution>>;
  /** The most likely matches among what was left out for its score, one an anchor, the likeliest first. */
  readonly falseNegatives: readonly FalseNegative[];
}

/** Rules against matches that nobody marked. */
const suspicious: ReadonlySet<Reason> = new Set(["absoluteMargin", "relativeMargin", "maxScore"]);

/** Examples that are kept. */
const EXAMPLES = 5;

/** Counts along while mining goes on. */
export class Tally {
  readonly #dropped = Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<
    Reason,
    number
  >;
  readonly #scores = {
    positives: [] as number[],
    negatives: [] as number[],
    differences: [] as number[],
  };
  readonly #counts = {
    pairs: 0,
    anchors: 0,
    mined: 0,
    short: 0,
    replaced: 0,
    above: 0,
    candidates: 0,
  };
  #examples: readonly FalseNegative[] = [];

  /** An anchor and what was found for it; `farthest` is the positive with `match.positiveScore`. */
  addAnchor(match: Match, farthest: string, { dropped, seen }: Selection): void {
    this.#counts.anchors++;
    this.#counts.candidates += seen;
    for (const { reason } of dropped) this.#dropped[reason]++;
    const suspects = dropped.filter(({ reason }) => suspicious.has(reason));
    if (suspects.length === 0) return;
    const worst = suspects.reduce((a, b) => (b.score > a.score ? b : a));
    const { anchor, positiveScore } = match;
    this.#examples = [...this.#examples, { ...worst, anchor, positive: farthest, positiveScore }]
      .sort((a, b) => excess(b) - excess(a))
      .slice(0, EXAMPLES);
  }

  /** A pair of it; `negatives` where it came out. */
  addPair(score: number, hadNegatives: boolean, negatives: readonly Candidate[] | undefined): void {
    const counts = this.#counts;
    counts.pairs++;
    if (negatives === undefined) {
      counts.short++;
      return;
    }
    counts.mined++;
    if (hadNegatives) counts.replaced++;
    this.#scores.positives.push(score);
    for (const negative of negatives) {
      this.#scores.negatives.push(negative.score);
      this.#scores.differences.push(score - negative.score);
      if (negative.score > score) counts.above++;
    }
  }

  report(): MiningReport {
    const { positives, negatives, differences } = this.#scores;
    return {
      ...this.#counts,
      dropped: { ...this.#dropped },
      scores: {
        positives: distribution(positives),
        negatives: distribution(negatives),
        differences: distribution(differences),
      },
      falseNegatives: this.#examples,
    };
  }
}

const excess = ({ score, positiveScore }: FalseNegative) => score - positiveScore;

/** Quantiles by the nearest rank; the standard deviation of the whole. */
function distribution(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  const count = sorted.length;
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? 0;
  const mean = count === 0 ? 0 : sorted.reduce((a, b) => a + b, 0) / count;
  const square = count === 0 ? 0 : sorted.reduce((a, b) => a + (b - mean) ** 2, 0) / count;
  const [p25, median, p75] = [at(0.25), at(0.5), at(0.75)];
  return { count, mean, std: Math.sqrt(square), min: at(0), p25, median, p75, max: at(1) };
}
