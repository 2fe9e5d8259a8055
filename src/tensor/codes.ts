/** Rows of numbers as integers with a scale: symmetric, so that 0 is 0. */
import { floats, type Tensor, tensor } from "./tensor.ts";

/** Codes never go without their scales: `value = code · scale`. */
export interface RowCodes {
  /** `[N, D]`. */
  readonly codes: Tensor<"int8">;
  /** `[N, D / block]`, one for each block of a row. */
  readonly scale: Tensor<"float32">;
}

export interface RowCodesOptions {
  /** From 2 to 8. @default 8 */
  readonly bits?: number;
  /** Numbers of a row that share a scale; D must be a multiple. @default all of the row */
  readonly block?: number;
  /**
   * Steps from 0 to a block's greatest magnitude, on the side that has a code more, whatever its sign: the scale may be negative. What lies beyond the last code is
   * clipped. @default as many as both sides have, so that 0 is the middle
   */
  readonly reach?: number;
}

/** Rounds a matrix `[N, D]` to nearest, halves to even. A block of zeros has scale 1. */
export function quantizeRows(
  { data, shape: [rows, width] }: Tensor<"float32">,
  { bits = 8, block = width, reach }: RowCodesOptions = {},
): RowCodes {
  const range = codeRange(bits, reach);
  const codes = new Int8Array(rows * width);
  const scale = new Float32Array((rows * width) / block);
  for (let at = 0; at < scale.length; at++) {
    const part = data.subarray(at * block, (at + 1) * block);
    scale[at] = scaleOf(part, range);
    for (let i = 0; i < block; i++) codes[at * block + i] = encode(part[i], scale[at], range);
  }
  return {
    codes: tensor("int8", [rows, width], codes),
    scale: floats(scale, [rows, width / block]),
  };
}

/** The codes there are, and how many steps from 0 the greatest number of a block lies; less than 0 where it goes to the lower end. */
export interface CodeRange {
  readonly low: number;
  readonly high: number;
  readonly reach: number;
}

/** Of so many bits. @param reach as `RowCodesOptions.reach` */
export function codeRange(bits: number, reach?: number): CodeRange {
  const high = 2 ** (bits - 1) - 1;
  return reach === undefined
    ? { low: -high, high, reach: high }
    : { low: -high - 1, high, reach: -reach };
}

/** `[N, D]`. */
export function dequantizeRows({ codes, scale }: RowCodes): Tensor<"float32"> {
  const block = codes.data.length / scale.data.length;
  const data = Float32Array.from(codes.data, (code, i) => code * scale.data[Math.floor(i / block)]);
  return floats(data, codes.shape);
}

/** The number that lies farthest from 0; of two, the negative one. */
export function greatestOf(part: ArrayLike<number>): number {
  let [low, high] = [0, 0];
  for (let i = 0; i < part.length; i++) {
    if (part[i] < low) low = part[i];
    else if (part[i] > high) high = part[i];
  }
  return high > -low ? high : low;
}

function scaleOf(part: Float32Array, { reach }: CodeRange): number {
  const greatest = greatestOf(part);
  const scale = Math.fround((reach > 0 ? Math.abs(greatest) : greatest) / reach);
  return scale === 0 ? 1 : scale;
}

/** In float32 throughout, as a graph computes it. */
export function encode(x: number, scale: number, { low, high }: CodeRange): number {
  return Math.max(low, Math.min(high, roundEven(Math.fround(x / scale))));
}

/** IEEE's rounding: halves to the even neighbour. */
export function roundEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
