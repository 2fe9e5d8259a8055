/** What to build for given serving requirements, found by measurement. */

export { hashFile } from "../data/hash-file.ts";
export { type GivenModel, type Processor, weightAxis } from "./axes.ts";
export {
  type Backbone,
  type Body,
  type Candidate,
  describeBackbone,
  describeCandidate,
  type LeftOut,
} from "./candidate.ts";
export { type Choice, choose, type Measured, type Near, nearest, RULE } from "./choose.ts";
export { type AskedAxes, enumerateCandidates } from "./enumerate.ts";
export { backbonesOf, type Pruned, prune, type Workload } from "./estimate.ts";
export { type Evaluation, type EvaluationFiles, readEvaluation } from "./evaluation.ts";
export { paretoFront } from "./front.ts";
export { keyOf, recall, record } from "./ledger.ts";
export { productSpeed } from "./machine-speed.ts";
export {
  type Built,
  type MeasuringOptions,
  measureBuilt,
  scoreBuilt,
} from "./measure-backbone.ts";
export { compareQuality, FEW_QUERIES, isTied, type Quality } from "./quality.ts";
export {
  describeMiss,
  describeRequirements,
  type Limit,
  limits,
  type Miss,
  missesOf,
  type Requirements,
} from "./requirements.ts";
export type { SchemeScore } from "./score-vectors.ts";
export { type Step, secondsLeft } from "./steps.ts";
export { givenModel, workloadOf } from "./workload.ts";
