/** The two 16-bit floating-point formats, whole arrays at a time. */
import { bug, NearfoldError } from "../errors.ts";
import { isFloat } from "./dtype.ts";
import { type Tensor, tensor } from "./tensor.ts";

/** Widens bfloat16 words, exactly, into `out`, which is returned. NaN payloads are kept. */
export function bfloat16ToFloat32(
  words: Uint16Array,
  out: Float32Array = new Float32Array(words.length),
): Float32Array {
  checkRoom(words, out);
  const bits = new Uint32Array(out.buffer, out.byteOffset, words.length);
  for (let i = 0; i < words.length; i++) bits[i] = words[i] << 16;
  return out;
}

/**
 * Rounds to bfloat16, to nearest, ties to even, into `out`, which is returned.
 * What is too large becomes infinite; a NaN stays one.
 */
export function float32ToBfloat16(
  values: Float32Array,
  out: Uint16Array = new Uint16Array(values.length),
): Uint16Array {
  checkRoom(values, out);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i];
    // A NaN whose payload is in the lower half would round to an infinity: set the quiet bit instead.
    const nan = (word & 0x7fffffff) > 0x7f800000;
    out[i] = nan ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return out;
}

/** Widens float16, exactly, into `out`, which is returned. */
export function float16ToFloat32(
  values: Float16Array,
  out: Float32Array = new Float32Array(values.length),
): Float32Array {
  checkRoom(values, out);
  // Node 24 runs this loop 1.7 times as fast as out.set(values).
  for (let i = 0; i < values.length; i++) out[i] = values[i];
  return out;
}

/** Rounds to float16, to nearest, ties to even, into `out`, which is returned; from 65520 on, infinite. */
export function float32ToFloat16(
  values: Float32Array,
  out: Float16Array = new Float16Array(values.length),
): Float16Array {
  checkRoom(values, out);
  out.set(values);
  return out;
}

/**
 * A tensor of any float dtype as `float32`: exact from the 16-bit ones, rounded to nearest even from `float64`.
 * A `float32` tensor is returned as it is, not copied.
 * @throws unsupported when the dtype is not a float.
 */
export function toFloat32(from: Tensor): Tensor<"float32"> {
  if (from.dtype === "float32") return from as Tensor<"float32">;
  return tensor("float32", from.shape, copyAsFloat32(from, new Float32Array(from.data.length)));
}

/**
 * Writes the elements of a float tensor into `out`, which is returned.
 * @throws unsupported when the dtype is not a float.
 */
export function copyAsFloat32({ dtype, data }: Pick<Tensor, "dtype" | "data">, out: Float32Array) {
  if (!isFloat(dtype)) {
    throw new NearfoldError("unsupported", "only floats are read as float32", {
      got: dtype,
      wanted: "float32, float16, bfloat16 or float64",
    });
  }
  if (dtype === "bfloat16") return bfloat16ToFloat32(data as Uint16Array, out);
  if (dtype === "float16") return float16ToFloat32(data as Float16Array, out);
  checkRoom(data, out);
  out.set(data as Float32Array | Float64Array);
  return out;
}

function checkRoom(from: { readonly length: number }, out: { readonly length: number }): void {
  if (out.length >= from.length) return;
  throw bug("the destination is too short", {
    got: `${out.length} elements`,
    wanted: `${from.length}`,
  });
}
