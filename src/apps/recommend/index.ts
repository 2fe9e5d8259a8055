/** Recommendation: what somebody may choose next, from texts of items, from who chose what, or from both. */
export { type Feedback, type Interaction, itemCounts, toFeedback } from "./feedback.ts";
export {
  type FitOptions,
  type Fitted,
  fitRecommender,
  type Item,
  type Items,
} from "./fit-recommender.ts";
export { type ItemKnnOptions, itemKnn } from "./item-knn.ts";
export { type Judged, judge } from "./judge.ts";
export { type HeldOut, leaveLastOut } from "./leave-last-out.ts";
export { type Candidate, marginalRelevance } from "./mmr.ts";
export {
  type InteractionField,
  type InteractionOptions,
  readInteractions,
} from "./read-interactions.ts";
export {
  type Asker,
  openRecommender,
  Recommender,
  type RecommendOptions,
} from "./recommender.ts";
export type { Origin } from "./recommender-files.ts";
export { popularity, type Scorer } from "./scorer.ts";
export { type Towers, towerScorer, userVector } from "./towers.ts";
export { type TowerOptions, trainTowers } from "./train-towers.ts";
