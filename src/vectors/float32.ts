/** Vectors as they are. */
import type { VectorKind } from "./kind.ts";

export const float32: VectorKind = {
  about: "as they are, 4 bytes a dimension",
  extension: "f32",
  bytes: (dims) => 4 * dims,
  calibrate: () => ({ offset: new Float32Array(0), scale: new Float32Array(0) }),
  encode: (rows) => {
    const copy = rows.slice();
    return new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength);
  },
  decode: (codes) => floatsOf(codes).slice(),
  products: (query) => (codes, row, count, out) => {
    const rows = floatsOf(codes);
    const last = row + count - 1;
    for (let i = 0; i < count; i += TILE) dotTile(query, rows, row + i, last, i, out);
  },
};

function floatsOf(codes: Uint8Array): Float32Array {
  return new Float32Array(codes.buffer, codes.byteOffset, codes.byteLength / 4);
}

/** Rows that share one reading of the query. */
const TILE = 4;

/**
 * Products of the query with the rows from `row` on; past `last` that one is taken again. Every sum runs over the width in order, so equal
 * vectors score equally wherever they stand.
 */
function dotTile(
  query: Float32Array,
  rows: Float32Array,
  row: number,
  last: number,
  at: number,
  out: Float64Array,
): void {
  const dims = query.length;
  let r0 = row * dims;
  let r1 = Math.min(row + 1, last) * dims;
  let r2 = Math.min(row + 2, last) * dims;
  let r3 = Math.min(row + 3, last) * dims;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < dims; i++) {
    const x = query[i];
    s0 += x * rows[r0++];
    s1 += x * rows[r1++];
    s2 += x * rows[r2++];
    s3 += x * rows[r3++];
  }
  out[at] = s0;
  if (row < last) out[at + 1] = s1;
  if (row + 1 < last) out[at + 2] = s2;
  if (row + 2 < last) out[at + 3] = s3;
}
