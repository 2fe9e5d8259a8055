/** Hard negatives: from any model, out of a corpus or a store. */
export {
  type CandidateSource,
  type MinedPair,
  type MineOptions,
  mine,
  mineToEnd,
} from "./mine.ts";
export { type Sampling, type SelectionOptions, samplings } from "./options.ts";
export type { Distribution, FalseNegative, MiningReport } from "./report.ts";
export type { Texts } from "./search.ts";
export { type Candidate, type Reason, type ScoreRule, scoreRules } from "./select.ts";
export type { MiningProgress } from "./work.ts";
