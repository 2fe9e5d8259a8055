/** Vectors as they are. */
import type { VectorKind } from "./kind.ts";
import { packQueries, products } from "./simd/products.ts";

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
  products: (queries, { format: { dims } }) => {
    const packed = packQueries("floats", queries, dims);
    return (codes, row, count, out) => {
      const sums = products(packed, codes, { row, count, rowBytes: 4 * dims });
      for (let i = 0; i < sums.length; i++) {
        // Only float32 can be too narrow for a sum of finite products.
        out[i] = Number.isFinite(sums[i])
          ? sums[i]
          : wideProduct(queries, Math.floor(i / count), floatsOf(codes), row + (i % count), dims);
      }
    };
  },
};

function floatsOf(codes: Uint8Array): Float32Array {
  return new Float32Array(codes.buffer, codes.byteOffset, codes.byteLength / 4);
}

/** In double precision. */
function wideProduct(
  queries: Float32Array,
  query: number,
  rows: Float32Array,
  row: number,
  dims: number,
): number {
  let sum = 0;
  for (let d = 0; d < dims; d++) sum += queries[query * dims + d] * rows[row * dims + d];
  return sum;
}
