/** Losses: functions of embeddings, never of a model. One file each, one line each in the registry. */
export { angle } from "./angle.ts";
export { batchAllTriplet } from "./batch-all-triplet.ts";
export {
  batchHardSoftMarginTriplet,
  type SoftMarginOptions,
} from "./batch-hard-soft-margin-triplet.ts";
export { batchHardTriplet } from "./batch-hard-triplet.ts";
export { batchSemiHardTriplet } from "./batch-semi-hard-triplet.ts";
export type { BatchTripletOptions } from "./batch-triplets.ts";
export { type ContrastiveOptions, contrastive } from "./contrastive.ts";
export { type CosentOptions, cosent } from "./cosent.ts";
export { cosineSimilarity } from "./cosine-similarity.ts";
export type { DistanceName } from "./distance.ts";
export { type DistillKlDivOptions, distillKlDiv } from "./distill-kl-div.ts";
export { type EmbedDistillOptions, embedDistill } from "./embed-distill.ts";
export { type FlopsOptions, flops } from "./flops.ts";
export { type GistOptions, gist } from "./gist.ts";
export {
  type GlobalOrthogonalRegularizationOptions,
  globalOrthogonalRegularization,
} from "./global-orthogonal-regularization.ts";
export { type Direction, directions, type InfoNceOptions, infoNce } from "./info-nce.ts";
export type { Columns, Embeddings, Identity, Loss, SimilarityName } from "./loss.ts";
export { type MarginMseOptions, marginMse } from "./margin-mse.ts";
export { type MatryoshkaOptions, matryoshka } from "./matryoshka.ts";
export { mse } from "./mse.ts";
export {
  describeNeeds,
  type LabelKind,
  labelKinds,
  type Needs,
  type RowContents,
  requireRow,
} from "./needs.ts";
export { type OnlineContrastiveOptions, onlineContrastive } from "./online-contrastive.ts";
export { type ParsedLoss, parseLoss } from "./parse.ts";
export { type LossName, losses, type ModifierName, modifiers } from "./registry.ts";
export { type RelativeRankingOptions, relativeRanking } from "./relative-ranking.ts";
export { similarityMatrix } from "./similarity-matrix.ts";
export { type SpladeOptions, splade } from "./splade.ts";
export { type SumOptions, sum } from "./sum.ts";
export { type TripletOptions, triplet } from "./triplet.ts";
