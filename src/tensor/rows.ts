/** Rows of vectors that lie one after another, `[N, dims]`. */

/** Brings rows to unit length in place, but for zero vectors. */
export function unitRows<Rows extends Float32Array>(rows: Rows, dims: number): Rows {
  for (let start = 0; start < rows.length; start += dims) {
    const square = dotRows(rows, start, rows, start, dims);
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let i = start; i < start + dims; i++) rows[i] *= scale;
  }
  return rows;
}

/** Copies of some rows, one after another. */
export function takeRows(
  rows: Float32Array,
  dims: number,
  which: ArrayLike<number>,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(which.length * dims);
  for (let i = 0; i < which.length; i++) {
    out.set(rows.subarray(which[i] * dims, (which[i] + 1) * dims), i * dims);
  }
  return out;
}

/** The product of `dims` numbers of `a` from `i` on with as many of `b` from `j` on. */
export function dotRows(
  a: Float32Array,
  i: number,
  b: Float32Array,
  j: number,
  dims: number,
): number {
  let sum = 0;
  for (const end = i + dims; i < end; ) sum += a[i++] * b[j++];
  return sum;
}
