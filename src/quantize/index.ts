/** Models whose weights are codes. */
export {
  type Agreement,
  type Guarded,
  type GuardOptions,
  type GuardProgress,
  quantizeGuarded,
} from "./guard.ts";
export { formatsFor, type Quantizable, quantizable, quantizeModel } from "./quantize-model.ts";
