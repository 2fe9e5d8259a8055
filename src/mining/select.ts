/** Which candidates become hard negatives: pure decisions over texts and scores. */
import { normalizeText } from "../data/normalize.ts";
import { type Rng, shuffle } from "../graph/rng.ts";
import type { Settings } from "./options.ts";

/** A text, and how near the mining model puts it to the anchor. */
export interface Candidate {
  readonly text: string;
  readonly score: number;
}

/** What is known of an anchor. */
export interface Match {
  readonly anchor: string;
  readonly positives: readonly string[];
  /** Of the positive that the model puts farthest away: what it finds nearer may be a match too. */
  readonly positiveScore: number;
}

/**
 * When a score is no negative's. The margins are NV-Retriever's (arXiv:2407.15831, section 3): TopK-MarginPos and TopK-PercPos, the latter
 * as `pos − |pos| · margin`, which also holds for scores below 0.
 */
export const scoreRules = {
  absoluteMargin: (score, positive, { absoluteMargin: margin }) =>
    margin !== undefined && score > positive - margin,
  relativeMargin: (score, positive, { relativeMargin: margin }) =>
    margin !== false && score > positive - Math.abs(positive) * margin,
  maxScore: (score, _, { maxScore }) => maxScore !== undefined && score > maxScore,
  minScore: (score, _, { minScore }) => minScore !== undefined && score < minScore,
} as const satisfies Record<
  string,
  (score: number, positive: number, settings: Settings) => boolean
>;

export type ScoreRule = keyof typeof scoreRules;

/**
 * Why a candidate was left out; of several reasons the first counts. The first three go by the text (`normalizeText`) and take no rank.
 * `rangeMin` counts what the rules of score leave.
 */
export const reasons = [
  "empty",
  "anchor",
  "positive",
  ...(Object.keys(scoreRules) as ScoreRule[]),
  "rangeMin",
] as const;

export type Reason = (typeof reasons)[number];

export interface Dropped extends Candidate {
  readonly reason: Reason;
}

export interface Selection {
  /** Best first. */
  readonly negatives: readonly Candidate[];
  readonly dropped: readonly Dropped[];
  /** Candidates that were looked at: up to rank `rangeMax`. */
  readonly seen: number;
}

/**
 * The hard negatives of an anchor. In this order, as sentence-transformers' `mine_hard_negatives`: what is known to match is passed over; of
 * the first `rangeMax` others the rules of score leave some out; of what is left the first `rangeMin` are skipped; the top is taken, or a sample.
 * @param candidates best first, each text once
 * @param next draws the sample
 */
export function selectNegatives(
  candidates: readonly Candidate[],
  { anchor, positives, positiveScore }: Match,
  settings: Settings,
  next: Rng,
): Selection {
  const known = new Map<string, Reason>([["", "empty"]]);
  known.set(normalizeText(anchor), "anchor");
  for (const positive of positives) known.set(normalizeText(positive), "positive");
  const dropped: Dropped[] = [];
  const left: Candidate[] = [];
  let seen = 0;
  let rank = 0;
  for (const candidate of candidates) {
    if (rank === settings.rangeMax) break;
    seen++;
    const byText = known.get(normalizeText(candidate.text));
    if (byText === undefined) rank++;
    const reason = byText ?? brokenRule(candidate.score, positiveScore, settings);
    if (reason === undefined) left.push(candidate);
    else dropped.push({ ...candidate, reason });
  }
  for (const candidate of left.splice(0, settings.rangeMin)) {
    dropped.push({ ...candidate, reason: "rangeMin" });
  }
  return { negatives: take(left, settings, next), dropped, seen };
}

function brokenRule(score: number, positive: number, settings: Settings): ScoreRule | undefined {
  const names = Object.keys(scoreRules) as ScoreRule[];
  return names.find((name) => scoreRules[name](score, positive, settings));
}

function take(
  left: readonly Candidate[],
  { negatives, sampling }: Settings,
  next: Rng,
): readonly Candidate[] {
  if (sampling === "top" || left.length <= negatives) return left.slice(0, negatives);
  const places = shuffle(
    Int32Array.from(left, (_, i) => i),
    next,
  ).subarray(0, negatives);
  return Array.from(places.sort(), (place) => left[place]);
}
