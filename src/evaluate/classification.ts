/** Scores that should tell two classes of pairs apart. Equal scores are never told apart. */
import { NearfoldError } from "../errors.ts";

export interface Cut {
  /** Scores above it are called positive: halfway between two scores that occur. */
  readonly threshold: number;
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Matthews' correlation coefficient, in `[-1, 1]`. */
  readonly mcc: number;
}

export interface BinaryScores {
  /** Σ (recall step × precision) over the distinct scores, best first (scikit-learn). */
  readonly averagePrecision: number;
  /** The chance that a positive scores above a negative, ties counting half. */
  readonly rocAuc: number;
  readonly bestAccuracy: Cut;
  readonly bestF1: Cut;
}

/**
 * Scores where higher means positive, and labels 0 or 1. For a distance pass it negated. The best cuts are those of
 * sentence-transformers' BinaryClassificationEvaluator, the first best from the top.
 * @throws bad-argument unless both labels occur and every score is finite.
 */
export function scoreBinary(scores: ArrayLike<number>, labels: ArrayLike<number>): BinaryScores {
  const steps = stepsOf(scores, labels);
  const last = steps.at(-1)!;
  const cuts = steps.slice(0, -1).map((step, i) => cutAt(step, steps[i + 1].score, last));
  const best = (value: (cut: Cut) => number): Cut =>
    cuts.reduce((a, b) => (value(b) > value(a) ? b : a), cuts[0] ?? cutAt(last, last.score, last));
  let precision = 0;
  let area = 0;
  steps.forEach(({ positives, negatives }, i) => {
    const before = i === 0 ? { positives: 0, negatives: 0 } : steps[i - 1];
    const gained = positives - before.positives;
    precision += (gained * positives) / (positives + negatives);
    area += gained * (last.negatives - (negatives + before.negatives) / 2);
  });
  return {
    averagePrecision: precision / last.positives,
    rocAuc: area / (last.positives * last.negatives),
    bestAccuracy: best((cut) => cut.accuracy),
    bestF1: best((cut) => cut.f1),
  };
}

/** A distinct score and how many of each class score at least as much. */
interface Step {
  readonly score: number;
  readonly positives: number;
  readonly negatives: number;
}

function stepsOf(scores: ArrayLike<number>, labels: ArrayLike<number>): Step[] {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => scores[b] - scores[a],
  );
  const steps: Step[] = [];
  let positives = 0;
  let negatives = 0;
  order.forEach((row, i) => {
    if (labels[row] === 1) positives++;
    else negatives++;
    const score = scores[row];
    if (i + 1 === order.length || scores[order[i + 1]] !== score) {
      steps.push({ score, positives, negatives });
    }
  });
  const fits = scores.length === labels.length && Array.from(scores).every(Number.isFinite);
  if (fits && positives > 0 && negatives > 0) return steps;
  throw new NearfoldError("bad-argument", "not scores of two classes", {
    got: `${scores.length} scores, ${positives} of label 1, ${negatives} of another`,
    wanted: "finite scores, a label for each, both labels",
  });
}

function cutAt({ score, positives, negatives }: Step, next: number, all: Step): Cut {
  const missed = all.positives - positives;
  const rejected = all.negatives - negatives;
  const precision = positives / (positives + negatives);
  const recall = positives / all.positives;
  const spread = (positives + negatives) * all.positives * all.negatives * (missed + rejected);
  return {
    threshold: (score + next) / 2,
    accuracy: (positives + rejected) / (all.positives + all.negatives),
    precision,
    recall,
    f1: positives === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    mcc: spread === 0 ? 0 : (positives * rejected - negatives * missed) / Math.sqrt(spread),
  };
}
