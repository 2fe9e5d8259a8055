/** Products of queries with rows by the kernels. */
import { type NumberType, STEPS } from "./arithmetics.ts";
import { QUERIES_AT_ONCE } from "./kernels.ts";
import { aligned, placesOf } from "./machine.ts";

/** Queries as the kernels read them. */
export interface PackedQueries {
  readonly type: NumberType;
  readonly count: number;
  readonly packed: Uint8Array;
}

/** Bytes of what a query's sums begin with. */
const BEGINNING = 16;

/** How a query of a type lies. */
interface Packing {
  /** Bytes of a step of its numbers. */
  readonly stepBytes: number;
  /** Writes a number to a place in the step that begins `at`. @returns what the query's sums begin with for it */
  readonly write: (view: DataView, at: number, place: number, number: number) => number;
}

const packings: Readonly<Record<NumberType, Packing>> = {
  floats: {
    stepBytes: 4 * STEPS.floats,
    write: (view, at, place, number) => {
      view.setFloat32(at + 4 * place, number, true);
      return 0;
    },
  },
  bytes: {
    stepBytes: 2 * STEPS.bytes,
    write: (view, at, place, number) => {
      view.setUint8(at + place, Math.abs(number));
      if (number >= 0) return 0;
      view.setUint8(at + STEPS.bytes + place, 255);
      return -number;
    },
  },
  bits: {
    stepBytes: STEPS.bits,
    write: (view, at, place, number) => {
      view.setInt8(at + place, number);
      return 0;
    },
  },
};

/** Packs queries `[Q, D]`, floats or, for rows of bytes or bits, bytes of -127 to 127: four together step by step, those left over alone; padded with zeros to whole steps. */
export function packQueries(
  type: NumberType,
  queries: Float32Array | Int8Array,
  dims: number,
): PackedQueries {
  const numbers = STEPS[type];
  const { stepBytes, write } = packings[type];
  const count = queries.length / dims;
  const size = BEGINNING + stepBytes * Math.ceil(dims / numbers);
  const view = new DataView(new ArrayBuffer(count * size));
  const together = count - (count % QUERIES_AT_ONCE);
  for (let query = 0; query < count; query++) {
    const width = query < together ? QUERIES_AT_ONCE : 1;
    const [first, place] = [(query - (query % width)) * size, query % width];
    let beginning = 0;
    for (let d = 0; d < dims; d++) {
      const step = Math.floor(d / numbers);
      const at = first + BEGINNING * width + (step * width + place) * stepBytes;
      beginning += write(view, at, d % numbers, queries[query * dims + d]);
    }
    if (type !== "floats") view.setInt32(first + BEGINNING * place, beginning, true);
  }
  return { type, count, packed: new Uint8Array(view.buffer) };
}

/** Good until the next call in this thread. */
export interface Sums {
  /** `[Q, count]`: whole numbers of bytes and bits, rounded to float32 of floats. */
  readonly values: Float32Array | Int32Array;
  /** The first place from one on, to another, of a value that is at least so high, or that is without end or no number; `to` where there is none. @param least a whole number of 32 bits, but for floats */
  readonly next: (from: number, to: number, least: number) => number;
}

/** Room behind the sums: a cell, and what is read past the last of four. */
const CELL_ROOM = 32;

/** Products of the queries with `count` rows of so many bytes each, from `row` on. */
export function products(
  { type, count: asked, packed }: PackedQueries,
  codes: Uint8Array,
  {
    row,
    count,
    rowBytes,
  }: { readonly row: number; readonly count: number; readonly rowBytes: number },
): Sums {
  const rows = codes.subarray(row * rowBytes, (row + count) * rowBytes);
  const [sumsAt, sumBytes] = [aligned(packed.byteLength), aligned(4 * asked * count)];
  const places = placesOf(rows, rowBytes, sumsAt + sumBytes + CELL_ROOM);
  const { kernels, buffer, scratch } = places;
  const sums = scratch + sumsAt;
  new Uint8Array(buffer, scratch).set(packed);
  const queryBytes = packed.byteLength / asked;
  for (let query = 0; query < asked; ) {
    const some = asked - query >= QUERIES_AT_ONCE;
    const kernel = kernels[`${type}-${some ? "some" : "one"}`];
    const queries = scratch + query * queryBytes;
    kernel(queries, places.rows, rowBytes, count, sums + 4 * query * count);
    query += some ? QUERIES_AT_ONCE : 1;
  }
  const Numbers = type === "floats" ? Float32Array : Int32Array;
  const cell = sums + sumBytes;
  const [bound, found] = [new Numbers(buffer, cell, 1), new Int32Array(buffer, cell + 4, 1)];
  const find = kernels[`${type}-find`];
  return {
    values: new Numbers(buffer, sums, asked * count),
    next: (from, to, least) => {
      bound[0] = least;
      find(cell, sums, from, to, 0);
      return found[0];
    },
  };
}
