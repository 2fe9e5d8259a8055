/** Duplicates: found, grouped, one of each group kept. */
export { type BandOptions, type Bands, chanceOfCandidate, chooseBands } from "./bands.ts";
export {
  type Calibrated,
  type CalibrationOptions,
  calibrateThreshold,
  type JudgedPair,
  nearScores,
  refusals,
} from "./calibrate.ts";
export { dedupe } from "./dedupe.ts";
export { type DedupeCounts, Deduped } from "./deduped.ts";
export type { Dropped, Group, Stage } from "./groups.ts";
export { type KeepName, keepRules, parseRank } from "./keep.ts";
export { type Normalization, normalizations, normalizer } from "./normalization.ts";
export type {
  DedupeOptions,
  DedupeProgress,
  DedupeRow,
  DedupeStage,
  NearDuplicates,
  SemanticDuplicates,
} from "./options.ts";
