/** Thresholds from pairs that people have judged. */
import { NearfoldError } from "../../errors.ts";
import { lowerBoundOfShare } from "../../evaluate/index.ts";
import { type NearDuplicates, settleNear } from "./options.ts";
import { jaccard, shinglesOf } from "./sketch.ts";
import { statesOther, WordCounts, wordsOf } from "./words.ts";

/** Two texts, and whether they are the same thing. */
export interface JudgedPair {
  readonly texts: readonly [string, string];
  readonly same: boolean;
}

export interface CalibrationOptions {
  /** The least share of pairs above the threshold that are the same. @default 0.99 */
  readonly precision?: number;
  /** That the true share is above it. @default 0.95 */
  readonly confidence?: number;
}

export interface Calibrated {
  /** The least score at which the precision is kept. */
  readonly threshold: number;
  /** Among the pairs at it and above. */
  readonly precision: number;
  /** What the precision is above, at the confidence that was asked for. */
  readonly bound: number;
  /** Of the pairs that are the same, the share at it and above. */
  readonly recall: number;
}

/**
 * The lowest threshold at which the precision is at least as asked for, by Clopper and Pearson's lower bound: pairs that are few leave a bound that is low. What holds of the pairs holds of a
 * collection where its pairs are like them: let hard ones be among them.
 * @param scores of the pairs; NaN for one that is refused at any threshold
 * @throws unmet where no threshold keeps it; bad-argument for lists that do not fit, or without a pair of each kind
 */
export function calibrateThreshold(
  scores: readonly number[],
  same: readonly boolean[],
  { precision = 0.99, confidence = 0.95 }: CalibrationOptions = {},
): Calibrated {
  const total = same.filter(Boolean).length;
  if (scores.length !== same.length || total === 0 || total === same.length) {
    throw new NearfoldError("bad-argument", "not pairs to calibrate by", {
      got: `${scores.length} scores, ${total} pairs that are the same of ${same.length}`,
      wanted: "a score for each pair, pairs that are the same and pairs that are not",
    });
  }
  const order = [...scores.keys()].filter((i) => !Number.isNaN(scores[i]));
  order.sort((a, b) => scores[b] - scores[a]);
  let best: Calibrated | undefined;
  let highest = 0;
  let right = 0;
  order.forEach((pair, i) => {
    if (same[pair]) right++;
    const count = i + 1;
    if (count < order.length && scores[order[count]] === scores[pair]) return;
    const bound = lowerBoundOfShare(right, count, { confidence });
    highest = Math.max(highest, bound);
    if (bound < precision) return;
    best = { threshold: scores[pair], precision: right / count, bound, recall: right / total };
  });
  if (best) return best;
  throw new NearfoldError("unmet", "no threshold keeps the precision on these pairs", {
    got: `at most ${highest.toFixed(4)}, with confidence ${confidence}`,
    wanted: `at least ${precision}`,
    hint: `${Math.ceil(Math.log(1 - confidence) / Math.log(precision))} pairs without a mistake would: give more of them, or ask for less (--precision)`,
  });
}

/** Jaccard similarities of the pairs' shingles; NaN where they state different facts and `facts` are asked for. */
export function nearScores(
  pairs: readonly JudgedPair[],
  near: NearDuplicates = {},
  { facts = true }: { readonly facts?: boolean } = {},
): readonly number[] {
  const { sketch } = settleNear(near, 1);
  const refused = facts ? refusals(pairs) : undefined;
  return pairs.map(({ texts }, i) => {
    if (refused?.[i]) return Number.NaN;
    const [a, b] = texts.map((text) => shinglesOf(text, sketch).slice(0, sketch.kept));
    return jaccard(a, b, sketch.kept);
  });
}

/** Which pairs state different numbers or names, by the spelling in all of them. */
export function refusals(pairs: readonly JudgedPair[]): readonly boolean[] {
  const counts = new WordCounts();
  const words = pairs.map(({ texts }) => texts.map(wordsOf));
  for (const own of words.flat()) counts.add(own);
  return words.map(([a, b]) => statesOther(a, b, counts));
}
