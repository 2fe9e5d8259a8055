import { NearfoldError } from "../../errors.ts";

/** Rows `[N, dims]` made of unit length, copied; one of zeros stays. @throws bad-argument; not-finite naming the row */
export function unitRows(vectors: Float32Array, dims: number): Float32Array {
  if (!(dims >= 1) || vectors.length === 0 || vectors.length % dims !== 0) {
    throw new NearfoldError("bad-argument", "not rows of vectors", {
      got: `${vectors.length} numbers, ${dims} dimensions`,
      wanted: "at least one row, each of so many dimensions",
    });
  }
  const unit = new Float32Array(vectors.length);
  for (let start = 0; start < vectors.length; start += dims) {
    let sum = 0;
    for (let i = start; i < start + dims; i++) sum += vectors[i] * vectors[i];
    const length = Math.sqrt(sum);
    if (!Number.isFinite(length)) {
      const at = `row ${start / dims}`;
      throw new NearfoldError("not-finite", "a vector is not of numbers", { at });
    }
    if (length > 0) for (let i = start; i < start + dims; i++) unit[i] = vectors[i] / length;
  }
  return unit;
}
