import { NearfoldError } from "../errors.ts";

interface CutOptions {
  /** Of the rows given. */
  readonly width: number;
  /** Of the rows wanted: the leading ones (Matryoshka, arXiv:2205.13147). */
  readonly dims: number;
  /** Bring rows that were cut back to length 1. */
  readonly normalize: boolean;
  readonly into: Float32Array;
  /** Where each row goes. */
  readonly rows: readonly number[];
  /** Number of the row 0 of `into`, for messages. */
  readonly first: number;
}

/**
 * Copies the leading dimensions of rows `[N, width]` to their places in `into` `[·, dims]`.
 * @throws not-finite naming the text whose vector holds a NaN or an infinity
 */
export function cutRows(found: Float32Array, options: CutOptions): void {
  const { width, dims, normalize, into, rows, first } = options;
  rows.forEach((to, from) => {
    const row = found.subarray(from * width, from * width + dims);
    let square = 0;
    for (let i = 0; i < dims; i++) square += row[i] * row[i];
    if (!Number.isFinite(square)) {
      const at = `text ${first + to}`;
      throw new NearfoldError("not-finite", "a vector is not of numbers", { at });
    }
    const target = into.subarray(to * dims, (to + 1) * dims);
    target.set(row);
    if (!normalize || dims === width) return;
    const scale = 1 / Math.max(Math.sqrt(square), 1e-12);
    for (let i = 0; i < dims; i++) target[i] *= scale;
  });
}
