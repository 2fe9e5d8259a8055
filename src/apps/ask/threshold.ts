/** From which score on a question counts as answered by the documents: found on questions of which that is known. */
import { NearfoldError } from "../../errors.ts";
import { type ShareInterval, wilsonInterval } from "../../evaluate/index.ts";
import { sequence } from "../../graph/rng.ts";

/** A share with its 95 % interval. */
export type Rate = ShareInterval;

export interface ThresholdRates {
  /** Of the questions that the documents answer, those that pass. */
  readonly answered: Rate;
  /** Of the questions that they don't answer, those that pass all the same. */
  readonly falselyAnswered: Rate;
  /** Youden's J: the first share minus the second. */
  readonly j: number;
}

export interface MeasuredThreshold extends ThresholdRates {
  /** A best score of at least so much counts as an answer. */
  readonly threshold: number;
  /** Where it lies in 95 % of resamples. */
  readonly low: number;
  readonly high: number;
}

export interface MeasureThresholdOptions {
  /** The share of answerable questions that must pass: the highest threshold that keeps it. @default none: the greatest J */
  readonly minAnswered?: number | undefined;
  /** The share of unanswerable questions that may pass: the lowest threshold that keeps it. @default none */
  readonly maxFalselyAnswered?: number | undefined;
  /** @default 1 */
  readonly seed?: number;
  /** Resamples for the interval. @default 1000 */
  readonly samples?: number;
}

/**
 * The threshold between the best scores of questions that the documents answer and of those that they don't: the greatest J (Youden 1950), or what keeps to a bound on
 * either share. Its rates on the same questions flatter it: `ratesAt` says them on others.
 * @throws bad-argument for no scores, one that is no number, or bounds that make no sense
 */
export function measureThreshold(
  answerable: readonly number[],
  unanswerable: readonly number[],
  options: MeasureThresholdOptions = {},
): MeasuredThreshold {
  checkScores(answerable, "answerable");
  checkScores(unanswerable, "unanswerable");
  const { seed = 1, samples = 1000 } = options;
  checkBounds(options);
  const threshold = choose(answerable, unanswerable, options);
  const next = sequence(seed);
  const drawn = (from: readonly number[]) => from.map(() => from[Math.floor(next() * from.length)]);
  const found = Float64Array.from({ length: samples }, () =>
    choose(drawn(answerable), drawn(unanswerable), options),
  ).sort();
  const [low, high] = [found[Math.floor(0.025 * samples)], found[Math.ceil(0.975 * samples) - 1]];
  return { threshold, low, high, ...ratesAt(threshold, answerable, unanswerable) };
}

/** What a threshold does to such questions. */
export function ratesAt(
  threshold: number,
  answerable: readonly number[],
  unanswerable: readonly number[],
): ThresholdRates {
  const passing = (scores: readonly number[]) =>
    scores.filter((score) => score >= threshold).length;
  const answered = wilsonInterval(passing(answerable), answerable.length);
  const falselyAnswered = wilsonInterval(passing(unanswerable), unanswerable.length);
  return { answered, falselyAnswered, j: answered.share - falselyAnswered.share };
}

/** Half-way between two neighbouring scores; of equally good places the lowest. */
function choose(
  answerable: readonly number[],
  unanswerable: readonly number[],
  { minAnswered, maxFalselyAnswered }: MeasureThresholdOptions,
): number {
  const scores = [
    ...answerable.map((score) => ({ score, answers: true })),
    ...unanswerable.map((score) => ({ score, answers: false })),
  ].sort((a, b) => a.score - b.score);
  let [right, wrong] = [answerable.length, unanswerable.length];
  let best = { worth: worthOf(right, wrong), threshold: scores[0].score };
  function worthOf(passed: number, passedFalsely: number): number {
    const [share, falsely] = [passed / answerable.length, passedFalsely / unanswerable.length];
    if (minAnswered !== undefined) return share >= minAnswered ? 2 - falsely : share;
    if (maxFalselyAnswered !== undefined) {
      return falsely <= maxFalselyAnswered ? 1 + share : -falsely;
    }
    return share - falsely;
  }
  for (let i = 0; i < scores.length; i++) {
    if (scores[i].answers) right--;
    else wrong--;
    const next = scores[i + 1]?.score;
    if (next === scores[i].score) continue;
    const threshold = next === undefined ? above(scores[i].score) : (scores[i].score + next) / 2;
    const worth = worthOf(right, wrong);
    if (worth > best.worth) best = { worth, threshold };
  }
  return best.threshold;
}

/** Past the greatest score: nothing passes. */
function above(score: number): number {
  return score + Math.max(1e-9, Math.abs(score) * 1e-9);
}

/** @throws bad-argument for both, or one outside [0, 1] */
function checkBounds({ minAnswered, maxFalselyAnswered }: MeasureThresholdOptions): void {
  for (const [at, share] of Object.entries({ minAnswered, maxFalselyAnswered })) {
    if (share === undefined || (share >= 0 && share <= 1)) continue;
    throw new NearfoldError("bad-argument", "not a share", {
      ...{ at, got: String(share), wanted: "from 0 to 1" },
    });
  }
  if (minAnswered === undefined || maxFalselyAnswered === undefined) return;
  const wanted = "minAnswered or maxFalselyAnswered";
  throw new NearfoldError("bad-argument", "two bounds on one threshold", { wanted });
}

function checkScores(scores: readonly number[], at: string): void {
  if (scores.length === 0) throw new NearfoldError("bad-argument", "there are no scores", { at });
  const wrong = scores.find((score) => !Number.isFinite(score));
  if (wrong === undefined) return;
  throw new NearfoldError("bad-argument", "not a score", { at, got: String(wrong) });
}
