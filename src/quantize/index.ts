/** Models whose weights are codes. */
export type { WeightFormat, WeightFormats } from "../nn/weight-format.ts";
export { parseWeightFormat, type WeightFormatName, weightFormats } from "../nn/weight-formats.ts";
export { type CalibrateOptions, calibrateFormats } from "./calibrate.ts";
export {
  type Agreement,
  type Guarded,
  type GuardOptions,
  type GuardProgress,
  quantizeGuarded,
} from "./guard.ts";
export { formatsFor, type Quantizable, quantizable, quantizeModel } from "./quantize-model.ts";
