/** Vectors as they are. */
import type { Quantizer, Scan, VectorKind } from "./kind.ts";
import { packQueries, products } from "./simd/products.ts";

export const float32: VectorKind = {
  about: "as they are, 4 bytes a dimension",
  bytes: (dims) => 4 * dims,
  calibrate: () => ({ offset: new Float32Array(0), scale: new Float32Array(0) }),
  encode: (rows) => {
    const copy = rows.slice();
    return new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength);
  },
  decode: (codes) => floatsOf(codes).slice(),
  products: (queries, quantizer) => {
    const scan = scanFloats(queries, quantizer);
    return (codes, row, count, out) => {
      const { score } = scan(codes, row, count);
      const asked = queries.length / quantizer.format.dims;
      for (let query = 0, at = 0; query < asked; query++) {
        for (let i = 0; i < count; i++) out[at++] = score(query, i);
      }
    };
  },
  scan: scanFloats,
};

function scanFloats(queries: Float32Array, { format: { dims } }: Quantizer): Scan {
  const packed = packQueries("floats", queries, dims);
  return (codes, row, count) => {
    const { values, next } = products(packed, codes, { row, count, rowBytes: 4 * dims });
    return {
      next: (query, from, least) => {
        const start = query * count;
        return next(start + from, start + count, least) - start;
      },
      score: (query, i) => {
        const sum = values[query * count + i];
        // Only float32 can be too narrow for a sum of finite products.
        return Number.isFinite(sum)
          ? sum
          : wideProduct(queries, query, floatsOf(codes), row + i, dims);
      },
    };
  };
}

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
