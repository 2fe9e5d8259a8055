/** Measures, the keyword baseline, and how sure a difference is. */
export {
  type AgreementOptions,
  cosines,
  type RunAgreement,
  rankBiasedOverlap,
  runAgreement,
  topKOverlap,
  type VectorAgreement,
  vectorAgreement,
} from "./agreement.ts";
export { alignment, sampleRows, takeRows, uniformity } from "./alignment.ts";
export { type Bm25, type Bm25Options, bm25, words } from "./bm25.ts";
export {
  bootstrap,
  meanStatistic,
  pearsonStatistic,
  type Statistic,
  spearmanStatistic,
} from "./bootstrap.ts";
export { type BinaryScores, type Cut, scoreBinary } from "./classification.ts";
export { type Comparison, comparePaired, type Kept, type PairedStatistic } from "./comparison.ts";
export { averageRanks, kendall, pearson, spearman } from "./correlation.ts";
export { judgeKept, type Verdict } from "./gate.ts";
export {
  type Labels,
  numberLabels,
  type PairScores,
  pairScores,
  silhouette,
  type VMeasure,
  vMeasure,
} from "./grouping.ts";
export { type Judgements, type Measure, type MeasureName, measure, measures } from "./measures.ts";
export { type RankOptions, rank, type Similarity } from "./rank.ts";
export {
  type Hit,
  type Ranking,
  type Run,
  sortHits,
  type TieOptions,
  type TieOrder,
} from "./ranking.ts";
export {
  bootstrapMean,
  type Interval,
  type PairedTest,
  pairedTest,
  type ResampleOptions,
} from "./resample.ts";
export { type RetrievalOptions, type RetrievalScores, scoreRun } from "./retrieval.ts";
export { firstRelevantRank, largestLosses, spearmanTerms } from "./row-differences.ts";
export { lowerBoundOfShare, type ShareInterval, wilsonInterval } from "./shares.ts";
export { readTrecRun, writeTrecRun } from "./trec.ts";
