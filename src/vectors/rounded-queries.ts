/** Queries as they meet codes: `q · x̂ = base + weights · code`, and the weights as bytes. */
import type { Scaling } from "./kind.ts";

/** The greatest number of a signed byte. */
export const MOST = 127;

export interface RoundedRows {
  /** `[N, D]`. */
  readonly rounded: Int8Array;
  /** Of each row what a byte of it stands for, and the sum of its bytes. */
  readonly sides: readonly { readonly step: number; readonly total: number }[];
}

/** Rows `[N, D]` as bytes, each row by a step of its own, so that its greatest number is 127. */
export function roundRows(rows: Float64Array, dims: number): RoundedRows {
  const rounded = new Int8Array(rows.length);
  const sides = Array.from({ length: rows.length / dims }, (_, row) => {
    const own = rows.subarray(row * dims, (row + 1) * dims);
    const step = own.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / MOST;
    let total = 0;
    own.forEach((x, d) => {
      const byte = step > 0 ? Math.round(x / step) : 0;
      rounded[row * dims + d] = byte;
      total += byte;
    });
    return { step, total };
  });
  return { rounded, sides };
}

/** What the numbers of queries `[Q, D]` are by the scales, and of each query the product with the offsets. */
export function weigh(queries: Float32Array, { offset, scale }: Scaling) {
  const dims = offset.length;
  const weights = Float64Array.from(queries, (x, i) => x * scale[i % dims]);
  const bases = Float64Array.from({ length: queries.length / dims }, (_, query) =>
    offset.reduce((sum, x, d) => sum + queries[query * dims + d] * x, 0),
  );
  return { weights, bases };
}
