import { NearfoldError } from "../../errors.ts";
import { comparable } from "../../stores/scan.ts";
import { dotRows } from "../../tensor/rows.ts";

/** How far from 1 a length may be, by rounding. */
const NEARLY = 1e-5;

/** Rows `[N, dims]` of unit length, or zeros: themselves where they are so, else a copy. @throws bad-argument; not-finite naming the row */
export function asUnitRows(vectors: Float32Array, dims: number): Float32Array {
  if (!(dims >= 1) || vectors.length === 0 || vectors.length % dims !== 0) {
    throw new NearfoldError("bad-argument", "not rows of vectors", {
      got: `${vectors.length} numbers, ${dims} dimensions`,
      wanted: "at least one row, each of so many dimensions",
    });
  }
  if (areUnit(vectors, dims)) return vectors;
  const of = { name: "the vectors", space: { dims, similarity: "cosine" } } as const;
  return comparable(vectors, of, (row) => `row ${row}`);
}

function areUnit(vectors: Float32Array, dims: number): boolean {
  for (let start = 0; start < vectors.length; start += dims) {
    const square = dotRows(vectors, start, vectors, start, dims);
    if (!(square === 0 || Math.abs(square - 1) < NEARLY)) return false;
  }
  return true;
}
