/** What of the given model's quality a candidate keeps, on the same queries. */
import {
  type Comparison,
  comparePaired,
  type Kept,
  meanStatistic,
  spearmanStatistic,
} from "../evaluate/index.ts";
import type { SchemeScore } from "./score-vectors.ts";

/** Of each measure that there is data for. */
export interface Quality {
  /** Of the measure that keeps least: the headline. */
  readonly kept: Kept;
  readonly measures: Readonly<Record<string, Pick<Comparison, "ours" | "kept">>>;
}

/** Fewer rows give an interval that says next to nothing. */
export const FEW_QUERIES = 50;

const SEED = 42;
/** Ranks are sorted by counts in each resample: a thousand give the ends of an interval. */
const SAMPLES = { ndcg: 5000, spearman: 1000 } as const;

/**
 * Both by the paired bootstrap, each resample for both.
 * @param wanted scores that people gave to the pairs; none without such data
 */
export function compareQuality(
  ours: SchemeScore,
  reference: SchemeScore,
  wanted: readonly number[] = [],
): Quality {
  const measures = comparisonsOf(ours, reference, wanted);
  const headline = Object.values(measures).reduce((least, one) =>
    one.kept.mean < least.kept.mean ? one : least,
  );
  return { kept: headline.kept, measures };
}

/** Whether chance may be why one scores higher: the 95 % interval of no paired difference lies above 0. */
export function isTied(
  better: SchemeScore,
  other: SchemeScore,
  wanted: readonly number[] = [],
): boolean {
  const found = Object.values(comparisonsOf(better, other, wanted));
  return found.every(({ difference }) => difference.low <= 0);
}

function comparisonsOf(
  ours: SchemeScore,
  baseline: SchemeScore,
  wanted: readonly number[],
): Readonly<Record<string, Comparison>> {
  const ndcg = { ours: meanStatistic(ours.ndcg), baseline: meanStatistic(baseline.ndcg) };
  const retrieval = comparePaired({ "ndcg@10": ndcg }, ours.ndcg.length, {
    seed: SEED,
    samples: SAMPLES.ndcg,
  });
  if (!ours.sts || !baseline.sts) return retrieval;
  const spearman = {
    ours: spearmanStatistic(ours.sts, wanted),
    baseline: spearmanStatistic(baseline.sts, wanted),
  };
  const options = { seed: SEED, samples: SAMPLES.spearman };
  return { ...retrieval, ...comparePaired({ spearman }, wanted.length, options) };
}
