/** Tensors as ONNX stores them: raw little-endian bytes, or one of the older lists of numbers. */
import { NearfoldError } from "../errors.ts";
import { type DType, dtypes } from "../tensor/dtype.ts";
import { type Tensor, type TensorData, tensor } from "../tensor/tensor.ts";
import type { Int64, TensorProto } from "./proto.ts";

/** Most axes a tensor may have; ONNX Runtime's kernels stop well below. */
export const MAX_RANK = 64;

const byCode = new Map(Object.entries(dtypes).map(([name, { onnx }]) => [onnx as number, name]));

/** Our dtype for a `TensorProto.DataType`; undefined for strings, complex numbers and the 4- and 8-bit floats. */
export function dtypeOfCode(code: number | undefined): DType | undefined {
  return byCode.get(code ?? 0) as DType | undefined;
}

/** The bytes of a tensor where they lie: nothing is copied. */
export function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A message that shares the tensor's bytes. */
export function toTensorProto(value: Tensor, name?: string): TensorProto {
  return {
    dims: value.shape,
    dataType: dtypes[value.dtype].onnx,
    ...(name !== undefined && { name }),
    rawData: bytesOf(value),
  };
}

export interface TensorHead {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Elements. */
  readonly size: number;
  /** Bytes. */
  readonly length: number;
}

/**
 * What a message claims to hold; nothing is allocated.
 * @throws unsupported for a dtype we don't have, bad-input for dimensions that make no sense.
 */
export function headOf(proto: TensorProto, at: string): TensorHead {
  const dtype = dtypeOfCode(proto.dataType);
  const dims = proto.dims ?? [];
  if (!dtype) {
    throw new NearfoldError("unsupported", "a tensor of a dtype that is not handled", {
      at,
      got: `TensorProto.DataType ${proto.dataType ?? 0}`,
      wanted: Object.keys(dtypes).join(", "),
    });
  }
  const shape = dims.slice(0, MAX_RANK).map(Number);
  const size = shape.reduce((all, dim) => all * dim, 1);
  const length = size * dtypes[dtype].bytes;
  const makesSense = shape.every((dim) => dim >= 0) && dims.length <= MAX_RANK;
  if (!makesSense || !Number.isSafeInteger(length)) {
    throw new NearfoldError("bad-input", "a tensor's dimensions make no sense", {
      at,
      got: `[${shape}${dims.length > MAX_RANK ? ", …" : ""}]`,
    });
  }
  return { dtype, shape, size, length };
}

/**
 * The tensor of a message. It is a view of the message's bytes where they are aligned, a copy otherwise.
 * @throws bad-input when the data does not fill the dimensions.
 */
export function fromTensorProto(proto: TensorProto, at: string): Tensor {
  const { dtype, shape, size, length } = headOf(proto, at);
  if (proto.dataLocation === 1) {
    throw new NearfoldError("bad-input", "a tensor's data is in another file", {
      at,
      hint: "Read the model with loadModel, or give the file's bytes as `external`",
    });
  }
  const { rawData: raw } = proto;
  if (raw && (raw.length > 0 || size === 0)) {
    checkCount(raw.length, length, "bytes of data", at);
    return tensor(dtype, shape, view(dtype, raw, size));
  }
  const { field, convert } = listOf(dtype);
  const list = (proto[field] ?? []) as readonly Int64[];
  checkCount(list.length, size, `elements in ${field}`, at);
  const array = bitsOf(dtype, size);
  for (let i = 0; i < size; i++) array[i] = convert(list[i] as Int64);
  return tensor(dtype, shape, view(dtype, new Uint8Array(array.buffer), size));
}

function checkCount(got: number, wanted: number, what: string, at: string): void {
  if (got === wanted) return;
  throw new NearfoldError("bad-input", "a tensor's data does not fill its dimensions", {
    at,
    got: `${got} ${what}`,
    wanted: `${wanted}`,
  });
}

function view<D extends DType>(dtype: D, raw: Uint8Array, size: number): TensorData<D> {
  const { array, bytes } = dtypes[dtype];
  const aligned = raw.byteOffset % bytes === 0 ? raw : new Uint8Array(raw);
  return new array(aligned.buffer as ArrayBuffer, aligned.byteOffset, size) as TensorData<D>;
}

/** Where onnx.proto keeps a dtype's elements when they are not raw bytes; half floats lie there as their bits. */
function listOf(dtype: DType): {
  readonly field: "floatData" | "doubleData" | "int32Data" | "int64Data" | "uint64Data";
  readonly convert: (x: Int64) => never;
} {
  const big = (x: Int64) => BigInt(x.toString()) as never;
  const plain = (x: Int64) => Number(x) as never;
  if (dtype === "float32") return { field: "floatData", convert: plain };
  if (dtype === "float64") return { field: "doubleData", convert: plain };
  if (dtype === "int64") return { field: "int64Data", convert: big };
  if (dtype === "uint64") return { field: "uint64Data", convert: big };
  if (dtype === "uint32") return { field: "uint64Data", convert: plain };
  return { field: "int32Data", convert: plain };
}

function bitsOf(dtype: DType, size: number): { [index: number]: never; buffer: ArrayBufferLike } {
  const { array } = dtypes[dtype];
  const made = dtype === "float16" ? new Uint16Array(size) : new array(size);
  return made as unknown as { [index: number]: never; buffer: ArrayBufferLike };
}
