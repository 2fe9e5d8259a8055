/** Vectors in fewer bytes: formats, calibration, search with rescoring, and what it costs. */
export { hamming } from "./binary.ts";
export {
  type CollapseOptions,
  type CollapseReport,
  checkCollapse,
  describeCollapse,
} from "./collapse.ts";
export { type Distribution, measureDistribution } from "./distribution.ts";
export type {
  Quantized,
  Quantizer,
  Scorer,
  VectorFormat,
  VectorKind,
  VectorType,
} from "./kind.ts";
export { bytesPerVector, calibrate, dequantize, quantize } from "./quantizer.ts";
export { meanOverlap, type RecallOptions, recallOf, sampleRecall } from "./recall.ts";
export { vectorKinds } from "./registry.ts";
export type { RowHit } from "./scan.ts";
export {
  type FormatChoice,
  fitScheme,
  formatScheme,
  parseScheme,
  type SchemeChoice,
  type VectorScheme,
} from "./scheme.ts";
export {
  type CalibratedScheme,
  calibrateScheme,
  type KeptSearchOptions,
  type KeptVectors,
  keepVectors,
  RESCORING_MULTIPLIER,
  searchKept,
} from "./search.ts";
