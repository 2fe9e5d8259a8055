/** Rows of numbers as integers with a scale: symmetric, so that 0 is 0. */
import { floats, type Tensor, tensor } from "./tensor.ts";

/** Codes never go without their scales: `value = code · scale`. */
export interface RowCodes {
  /** `[N, D]`. */
  readonly codes: Tensor<"int8">;
  /** `[N, D / block]`, one for each block of a row. */
  readonly scale: Tensor<"float32">;
}

interface RowCodesOptions {
  /** From 2 to 8. @default 8 */
  readonly bits?: number;
  /** Numbers of a row that share a scale; D must be a multiple. @default all of the row */
  readonly block?: number;
  /**
   * Shares of the greatest magnitude that are tried as the end of the range, of which the one with the least squared error is taken: clipping a few numbers makes the
   * steps of all others finer. @default [1]
   */
  readonly ranges?: readonly number[];
}

/** Rounds a matrix `[N, D]` to nearest, halves to even. A block of zeros has scale 1. */
export function quantizeRows(
  { data, shape: [rows, width] }: Tensor<"float32">,
  { bits = 8, block = width, ranges = [1] }: RowCodesOptions = {},
): RowCodes {
  const most = 2 ** (bits - 1) - 1;
  const codes = new Int8Array(rows * width);
  const scale = new Float32Array((rows * width) / block);
  for (let at = 0; at < scale.length; at++) {
    const part = data.subarray(at * block, (at + 1) * block);
    scale[at] = bestScale(part, most, ranges);
    for (let i = 0; i < block; i++) codes[at * block + i] = encode(part[i], scale[at], most);
  }
  return {
    codes: tensor("int8", [rows, width], codes),
    scale: floats(scale, [rows, width / block]),
  };
}

/** `[N, D]`. */
export function dequantizeRows({ codes, scale }: RowCodes): Tensor<"float32"> {
  const block = codes.data.length / scale.data.length;
  const data = Float32Array.from(codes.data, (code, i) => code * scale.data[Math.floor(i / block)]);
  return floats(data, codes.shape);
}

function bestScale(part: Float32Array, most: number, ranges: readonly number[]): number {
  let greatest = 0;
  for (const x of part) greatest = Math.max(greatest, Math.abs(x));
  if (greatest === 0) return 1;
  if (ranges.length === 1) return Math.fround((ranges[0] * greatest) / most);
  let [best, least] = [1, Number.POSITIVE_INFINITY];
  for (const range of ranges) {
    const scale = Math.fround((range * greatest) / most);
    let error = 0;
    for (const x of part) error += (x - encode(x, scale, most) * scale) ** 2;
    if (error < least) [best, least] = [scale, error];
  }
  return best;
}

function encode(x: number, scale: number, most: number): number {
  return Math.max(-most, Math.min(most, roundEven(x / scale)));
}

/** IEEE's rounding: halves to the even neighbour. */
export function roundEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
