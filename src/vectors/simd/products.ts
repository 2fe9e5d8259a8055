/** Products of queries with rows by the kernels. */
import { type NumberType, QUERIES_AT_ONCE, STEPS } from "./kernels.ts";
import { aligned, placesOf } from "./machine.ts";

/** Queries as the kernels read them. */
export interface PackedQueries {
  readonly type: NumberType;
  readonly count: number;
  readonly packed: Float32Array | Int16Array;
}

/** Packs queries `[Q, D]`: four together step by step, those left over alone; padded with zeros to whole steps. */
export function packQueries(
  type: NumberType,
  queries: Float32Array | Int8Array,
  dims: number,
): PackedQueries {
  const numbers = STEPS[type];
  const count = queries.length / dims;
  const padded = numbers * Math.ceil(dims / numbers);
  const packed = new (type === "floats" ? Float32Array : Int16Array)(count * padded);
  const together = count - (count % QUERIES_AT_ONCE);
  for (let query = 0; query < count; query++) {
    const width = query < together ? QUERIES_AT_ONCE : 1;
    const first = (query - (query % width)) * padded + (query % width) * numbers;
    for (let d = 0; d < dims; d++) {
      const step = Math.floor(d / numbers);
      packed[first + step * width * numbers + (d % numbers)] = queries[query * dims + d];
    }
  }
  return { type, count, packed };
}

/**
 * Sums `[Q, count]` of products of the queries with `count` rows of so many bytes each, from `row` on: whole numbers of bytes, rounded to float32
 * of floats. Good until the next call in this thread.
 */
export function products(
  { type, count: asked, packed }: PackedQueries,
  codes: Uint8Array,
  {
    row,
    count,
    rowBytes,
  }: { readonly row: number; readonly count: number; readonly rowBytes: number },
): Float32Array | Int32Array {
  const sumsAt = aligned(packed.byteLength);
  const rows = codes.subarray(row * rowBytes, (row + count) * rowBytes);
  const places = placesOf(rows, rowBytes, sumsAt + 4 * asked * count);
  const { kernels, buffer, scratch } = places;
  const packedBytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  new Uint8Array(buffer, scratch).set(packedBytes);
  const queryBytes = packed.byteLength / asked;
  for (let query = 0; query < asked; ) {
    const some = asked - query >= QUERIES_AT_ONCE;
    const sums = scratch + sumsAt + 4 * query * count;
    const kernel = kernels[`${type}-${some ? "some" : "one"}`];
    kernel(scratch + query * queryBytes, places.rows, rowBytes, count, sums);
    query += some ? QUERIES_AT_ONCE : 1;
  }
  const Sums = type === "floats" ? Float32Array : Int32Array;
  return new Sums(buffer, scratch + sumsAt, asked * count);
}
