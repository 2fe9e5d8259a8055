/** Arrays of numbers, their types, and the files they lie in. */
export { type DType, dtypes, type FloatDType, isFloat } from "./dtype.ts";
export {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  toFloat32,
} from "./half.ts";
export {
  openSafetensors,
  parseSafetensors,
  type ReadOptions,
  type Safetensors,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from "./safetensors.ts";
export type { StoredTensor } from "./stored-tensor.ts";
export {
  floats,
  ints,
  longs,
  sizeOf,
  type Tensor,
  type TensorData,
  tensor,
  zeros,
} from "./tensor.ts";
