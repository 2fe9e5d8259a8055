/**
 * Element types. The names are those of onnxruntime's JavaScript tensors; `safetensors` and `onnx` give the
 * spelling of each format (https://github.com/huggingface/safetensors#format, TensorProto.DataType of onnx.proto).
 */
export const dtypes = {
  float32: { array: Float32Array, bytes: 4, safetensors: "F32", onnx: 1 },
  uint8: { array: Uint8Array, bytes: 1, safetensors: "U8", onnx: 2 },
  int8: { array: Int8Array, bytes: 1, safetensors: "I8", onnx: 3 },
  uint16: { array: Uint16Array, bytes: 2, safetensors: "U16", onnx: 4 },
  int16: { array: Int16Array, bytes: 2, safetensors: "I16", onnx: 5 },
  int32: { array: Int32Array, bytes: 4, safetensors: "I32", onnx: 6 },
  int64: { array: BigInt64Array, bytes: 8, safetensors: "I64", onnx: 7 },
  bool: { array: Uint8Array, bytes: 1, safetensors: "BOOL", onnx: 9 },
  float16: { array: Float16Array, bytes: 2, safetensors: "F16", onnx: 10 },
  float64: { array: Float64Array, bytes: 8, safetensors: "F64", onnx: 11 },
  uint32: { array: Uint32Array, bytes: 4, safetensors: "U32", onnx: 12 },
  uint64: { array: BigUint64Array, bytes: 8, safetensors: "U64", onnx: 13 },
  /** No JavaScript array has it: the upper halves of float32, kept as 16-bit words. */
  bfloat16: { array: Uint16Array, bytes: 2, safetensors: "BF16", onnx: 16 },
} as const;

export type DType = keyof typeof dtypes;
export type FloatDType = "float32" | "float16" | "bfloat16" | "float64";

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype.startsWith("float") || dtype === "bfloat16";
}
