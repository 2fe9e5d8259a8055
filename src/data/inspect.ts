/** What stands in a training set, looked at before the first step. */
import { normalizeText } from "./normalize.ts";
import type { Pair } from "./pairs.ts";

/** Lengths in UTF-16 units. */
export interface LengthSummary {
  readonly mean: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

export interface PairSummary {
  readonly rows: number;
  /** Rows whose anchor and positive both stand in an earlier row. */
  readonly duplicates: number;
  /** Rows whose positive is their anchor. */
  readonly trivial: number;
  /** Rows that have their own positive among the negatives. */
  readonly contradictions: number;
  readonly negatives: number;
  readonly anchors: LengthSummary;
  readonly positives: LengthSummary;
}

export interface PairInspection {
  readonly train: PairSummary;
  readonly dev: PairSummary;
  /** Rows of `dev` that share something with `train`: scores on them say little. */
  readonly leaks: {
    readonly pairs: number;
    readonly anchors: number;
    readonly positives: number;
    /** Indices into `dev` of the first rows that leak an anchor or a positive. */
    readonly first: readonly number[];
  };
}

/** Counts rows, duplicates and what evaluation rows share with training rows; texts are equal by `normalizeText`. */
export function inspectPairs(train: readonly Pair[], dev: readonly Pair[] = []): PairInspection {
  const ours = keysOf(train);
  const theirs = keysOf(dev);
  const anchors = new Set(ours.anchors);
  const positives = new Set(ours.positives);
  const both = new Set(ours.both);
  const leaking = dev.flatMap((_, row) =>
    anchors.has(theirs.anchors[row]) || positives.has(theirs.positives[row]) ? [row] : [],
  );
  return {
    train: summarize(train, ours),
    dev: summarize(dev, theirs),
    leaks: {
      pairs: count(theirs.both, (key) => both.has(key)),
      anchors: count(theirs.anchors, (key) => anchors.has(key)),
      positives: count(theirs.positives, (key) => positives.has(key)),
      first: leaking.slice(0, 5),
    },
  };
}

type Keys = ReturnType<typeof keysOf>;

function keysOf(pairs: readonly Pair[]) {
  const anchors = pairs.map(({ anchor }) => normalizeText(anchor));
  const positives = pairs.map(({ positive }) => normalizeText(positive));
  // A tab is white space, so it stands in no normalised text.
  return { anchors, positives, both: anchors.map((anchor, row) => `${anchor}\t${positives[row]}`) };
}

function summarize(pairs: readonly Pair[], { anchors, positives, both }: Keys): PairSummary {
  return {
    rows: pairs.length,
    duplicates: pairs.length - new Set(both).size,
    trivial: count(anchors, (anchor, row) => anchor === positives[row]),
    contradictions: count(pairs, ({ negatives }, row) =>
      negatives.some((negative) => normalizeText(negative) === positives[row]),
    ),
    negatives: pairs.reduce((sum, { negatives }) => sum + negatives.length, 0),
    anchors: summarizeLengths(pairs.map(({ anchor }) => anchor.length)),
    positives: summarizeLengths(pairs.map(({ positive }) => positive.length)),
  };
}

function summarizeLengths(lengths: readonly number[]): LengthSummary {
  const sorted = Float64Array.from(lengths).sort();
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  const mean = sorted.length === 0 ? 0 : sorted.reduce((a, b) => a + b, 0) / sorted.length;
  return { mean, median: at(0.5), p95: at(0.95), max: at(1) };
}

function count<T>(items: readonly T[], test: (item: T, index: number) => boolean): number {
  return items.reduce((sum, item, index) => sum + (test(item, index) ? 1 : 0), 0);
}
