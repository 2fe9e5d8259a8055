import { bug } from "../errors.ts";
import { type DType, dtypes } from "./dtype.ts";

/** A dense array in row-major order. The holder of a tensor owns its data unless a docstring says otherwise. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: TensorData<D>;
}

export type TensorData<D extends DType> = {
  float32: Float32Array;
  uint8: Uint8Array;
  int8: Int8Array;
  uint16: Uint16Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  bool: Uint8Array;
  float16: Float16Array;
  float64: Float64Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  bfloat16: Uint16Array;
}[D];

/** The number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dim) => size * dim, 1);
}

/** A tensor over existing data. */
export function tensor<D extends DType>(
  dtype: D,
  shape: readonly number[],
  data: TensorData<D>,
): Tensor<D> {
  if (data.length !== sizeOf(shape)) {
    throw bug("data does not fill the shape", {
      got: `${data.length} elements`,
      wanted: `[${shape}]`,
    });
  }
  return { dtype, shape, data };
}

/** A tensor of zeros. */
export function zeros<D extends DType>(dtype: D, shape: readonly number[]): Tensor<D> {
  return { dtype, shape, data: new dtypes[dtype].array(sizeOf(shape)) as TensorData<D> };
}

/** `float32` from plain numbers; the shape defaults to `[length]`. */
export function floats(data: ArrayLike<number>, shape: readonly number[] = [data.length]) {
  return tensor("float32", shape, data instanceof Float32Array ? data : Float32Array.from(data));
}

/** `int32` from plain numbers; the shape defaults to `[length]`. */
export function ints(data: ArrayLike<number>, shape: readonly number[] = [data.length]) {
  return tensor("int32", shape, data instanceof Int32Array ? data : Int32Array.from(data));
}

/** `int64` from plain numbers, for the interfaces that ask for it. */
export function longs(data: ArrayLike<number>, shape: readonly number[] = [data.length]) {
  return tensor("int64", shape, BigInt64Array.from(data as number[], BigInt));
}
