/** Models whose weights are codes. */
export type { WeightFormat, WeightFormats } from "../nn/weight-format.ts";
export { parseWeightFormat, type WeightFormatName, weightFormats } from "../nn/weight-formats.ts";
export { type CalibrateOptions, calibrateFormats } from "./calibrate.ts";
export {
  type Guarded,
  type GuardOptions,
  type GuardProgress,
  quantizeGuarded,
  type Raised,
} from "./guard.ts";
export { layerMoments, type Moments, type MomentsOptions } from "./moments.ts";
export {
  formatsFor,
  type PartsOf,
  partsOf,
  type Quantizable,
  quantizable,
  quantizeModel,
} from "./quantize-model.ts";
