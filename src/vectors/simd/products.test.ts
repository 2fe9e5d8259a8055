/** The kernels beside plain loops. */
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { RowArena } from "./machine.ts";
import { packQueries, products } from "./products.ts";

interface Part {
  readonly row: number;
  readonly count: number;
}

/** `[Q, count]` in double precision, and the sums of the products' magnitudes, which rounding goes by. */
function plainProducts(
  queries: ArrayLike<number>,
  rows: ArrayLike<number>,
  dims: number,
  { row, count }: Part,
) {
  return Array.from({ length: (queries.length / dims) * count }, (_, i) => {
    const [query, at] = [Math.floor(i / count) * dims, (row + (i % count)) * dims];
    let [sum, size] = [0, 0];
    for (let d = 0; d < dims; d++) {
      const product = queries[query + d] * rows[at + d];
      sum += product;
      size += Math.abs(product);
    }
    return { sum, size };
  });
}

const bytesOf = (rows: Float32Array | Int8Array) =>
  new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);

const arena = new RowArena();

/** The same rows where the kernels read them in place, behind whatever was put there before. */
function inArena(rows: Float32Array | Int8Array): Uint8Array {
  const part = arena.take(rows.byteLength);
  part.set(bytesOf(rows));
  return part;
}

function expectFloats(queries: Float32Array, rows: Float32Array, dims: number, part: Part) {
  const packed = packQueries("floats", queries, dims);
  const multiply = (codes: Uint8Array) =>
    products(packed, codes, { ...part, rowBytes: 4 * dims }).values.slice();
  const found = multiply(bytesOf(rows));
  expect(multiply(inArena(rows))).toEqual(found);
  const wanted = plainProducts(queries, rows, dims, part);
  expect(found).toHaveLength(wanted.length);
  wanted.forEach(({ sum, size }, i) => {
    // One rounding for each product and sum at most, and what is too small for float32.
    expect(Math.abs(found[i] - sum)).toBeLessThanOrEqual(dims * (size * 2 ** -23 + 2 ** -149));
  });
}

function expectBytes(queries: Int8Array, rows: Int8Array, dims: number, part: Part) {
  const packed = packQueries("bytes", queries, dims);
  const wanted = plainProducts(queries, rows, dims, part).map(({ sum }) => sum + 0);
  for (const codes of [bytesOf(rows), inArena(rows)]) {
    expect([...products(packed, codes, { ...part, rowBytes: dims }).values]).toEqual(wanted);
  }
}

/** Queries and rows of any counts, and which of the rows are multiplied. */
const shapes = fc
  .record({
    dims: fc.oneof(fc.constantFrom(1, 3, 15, 96), fc.integer({ min: 1, max: 70 })),
    asked: fc.integer({ min: 1, max: 10 }),
    row: fc.integer({ min: 0, max: 5 }),
    count: fc.integer({ min: 1, max: 9 }),
    after: fc.integer({ min: 0, max: 3 }),
  })
  .map((shape) => ({ ...shape, rows: shape.row + shape.count + shape.after }));

/** As many as these. */
const exactly = (length: number) => ({ minLength: length, maxLength: length });

/** Shapes with queries and rows of these. */
const filled = <Q, R>(
  queriesOf: (count: number) => fc.Arbitrary<Q>,
  rowsOf: (count: number) => fc.Arbitrary<R>,
) =>
  shapes.chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      queriesOf(shape.asked * shape.dims),
      rowsOf(shape.rows * shape.dims),
    ),
  );
const byteQueries = (count: number) => fc.int8Array({ ...exactly(count), min: -127 });

describe("products by the kernels", () => {
  it("of floats are what a plain loop gives, but for rounding", () => {
    const number = fc.oneof(
      fc.float({ min: -2, max: 2, noNaN: true }),
      fc.constantFrom(0, -0, Math.fround(1e-44), Math.fround(-3e-39), 1e15, -1e15),
    );
    const numbers = (count: number) => fc.array(number, exactly(count));
    const cases = filled(numbers, numbers);
    fc.assert(
      fc.property(cases, ([{ dims, row, count }, queries, rows]) => {
        expectFloats(Float32Array.from(queries), Float32Array.from(rows), dims, { row, count });
      }),
      { numRuns: 60 },
    );
  });

  it("of bytes are exact", () => {
    const cases = filled(byteQueries, (count) => fc.int8Array(exactly(count)));
    fc.assert(
      fc.property(cases, ([{ dims, row, count }, queries, rows]) => {
        expectBytes(queries, rows, dims, { row, count });
      }),
      { numRuns: 60 },
    );
  });

  it("of bits are the sums of those that are set", () => {
    const cases = filled(byteQueries, (count) => fc.array(fc.boolean(), exactly(count)));
    fc.assert(
      fc.property(cases, ([{ dims, row, count }, queries, rows]) => {
        const rowBytes = 4 * Math.ceil(dims / 32);
        const codes = new Uint8Array((rows.length / dims) * rowBytes);
        rows.forEach((isSet, i) => {
          const d = i % dims;
          if (isSet) codes[Math.floor(i / dims) * rowBytes + (d >> 3)] |= 128 >> (d & 7);
        });
        const wanted = plainProducts(queries, rows.map(Number), dims, { row, count });
        const packed = packQueries("bits", queries, dims);
        for (const where of [codes, inArena(new Int8Array(codes.buffer))]) {
          const { values } = products(packed, where, { row, count, rowBytes });
          expect([...values]).toEqual(wanted.map(({ sum }) => sum + 0));
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([1, 3, 15, 96, 384, 1000])("of %i dimensions, extremes among them", (dims) => {
    const [asked, rows] = [5, 7];
    const part = { row: 2, count: 5 };
    const wave = (length: number, step: number) =>
      Float32Array.from({ length }, (_, i) => Math.sin(step * i));
    expectFloats(wave(asked * dims, 1), wave(rows * dims, 3), dims, part);
    const ends = (length: number, least: number) =>
      Int8Array.from({ length }, (_, i) => (i % 3 ? least : 127));
    expectBytes(ends(asked * dims, -127), ends(rows * dims, -128), dims, part);
  });

  it("are the same bits wherever a row stands and whatever is asked with it", () => {
    const [dims, asked, rows] = [37, 6, 5];
    const query = Float32Array.from({ length: dims }, (_, d) => Math.sin(d + 0.3));
    const row = Float32Array.from({ length: dims }, (_, d) => Math.cos(d * 1.7));
    const many = (of: Float32Array, count: number) =>
      Float32Array.from({ length: count * dims }, (_, i) => of[i % dims]);
    const packed = packQueries("floats", many(query, asked), dims);
    const all = { row: 0, count: rows, rowBytes: 4 * dims };
    const found = products(packed, bytesOf(many(row, rows)), all).values;
    expect(new Set(found).size).toBe(1);
  });

  it("of a row know nothing of the next one's numbers that are none", () => {
    const rows = Float32Array.of(1, 2, 3, Number.NaN, Number.NaN, Number.NaN);
    const packed = packQueries("floats", Float32Array.of(1, 1, 1), 3);
    const found = products(packed, bytesOf(rows), { row: 0, count: 2, rowBytes: 12 }).values;
    expect([...found]).toEqual([6, Number.NaN]);
  });

  it("outlast the memory's growth", () => {
    const [dims, rows] = [64, 40_000];
    const codes = new Int8Array(rows * dims).fill(3);
    const packed = packQueries("bytes", new Int8Array(dims).fill(2), dims);
    const part = { row: 0, count: rows, rowBytes: dims };
    expect(products(packed, bytesOf(codes), part).values.every((sum) => sum === 6 * dims)).toBe(
      true,
    );
    expect(products(packed, bytesOf(codes), { ...part, count: 1 }).values).toEqual(
      Int32Array.of(6 * dims),
    );
  });

  it("of rows at an arena's end, and of more queries or longer rows than it has room for beside them", () => {
    const dims = 2 ** 17;
    const room = 63 * 2 ** 20;
    const own = new RowArena();
    const rows = own.take(room);
    rows.fill(1);
    const last = { row: room / 64 - 3, count: 3, rowBytes: 64 };
    const short = packQueries("bytes", new Int8Array(64).fill(2), 64);
    expect([...products(short, rows, last).values]).toEqual([128, 128, 128]);
    const many = packQueries("bytes", new Int8Array(64 * 9000).fill(2), 64);
    expect(products(many, rows, last).values.every((sum) => sum === 128)).toBe(true);
    const long = packQueries("bytes", new Int8Array(dims).fill(2), dims);
    const part = { row: room / dims - 1, count: 1, rowBytes: dims };
    expect([...products(long, rows, part).values]).toEqual([2 * dims]);
    expect(rows.every((byte) => byte === 1)).toBe(true);
  });

  it("are the same where there is no room for an arena", () => {
    class NoMemory {
      constructor() {
        throw new RangeError("out of memory");
      }
    }
    const make = vi.spyOn(WebAssembly, "Memory").mockImplementation(NoMemory as never);
    const part = new RowArena().take(64);
    make.mockRestore();
    part.fill(3);
    const packed = packQueries("bytes", new Int8Array(64).fill(2), 64);
    expect([...products(packed, part, { row: 0, count: 1, rowBytes: 64 }).values]).toEqual([384]);
  });

  it("are found from a bound on, wherever they stand; so is what is no number or without end", () => {
    const cell = fc.oneof(
      fc.integer({ min: -9, max: 9 }),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    );
    const cases = fc.tuple(
      fc.array(cell, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 0, max: 41 }),
      fc.oneof(fc.integer({ min: -10, max: 10 }), fc.constantFrom(-Infinity, Infinity)),
    );
    fc.assert(
      fc.property(cases, ([numbers, from, least]) => {
        const packed = packQueries("floats", Float32Array.of(1), 1);
        const part = { row: 0, count: numbers.length, rowBytes: 4 };
        const { next } = products(packed, bytesOf(Float32Array.from(numbers)), part);
        const begin = Math.min(from, numbers.length);
        const found = numbers.findIndex((x, i) => i >= begin && !(x < least && x >= -9));
        expect(next(begin, numbers.length, least)).toBe(found < 0 ? numbers.length : found);
        if (!numbers.every(Number.isFinite) || !Number.isFinite(least)) return;
        const whole = packQueries("bytes", Int8Array.of(1), 1);
        const bytes = bytesOf(Int8Array.from(numbers));
        const sums = products(whole, bytes, { ...part, rowBytes: 1 });
        const at = numbers.findIndex((x, i) => i >= begin && x >= least);
        expect(sums.next(begin, numbers.length, least)).toBe(at < 0 ? numbers.length : at);
      }),
      { numRuns: 300 },
    );
  });

  it("are of parts that do not overlap, each at the beginning of a register", () => {
    const own = new RowArena();
    const parts = [1, 17, 2 ** 20, 62 * 2 ** 20, 5, 64 * 2 ** 20].map((bytes) => own.take(bytes));
    parts.forEach((part, i) => {
      part.fill(i + 1);
    });
    parts.forEach((part, i) => {
      expect(part.byteOffset % 16).toBe(0);
      expect(part.every((byte) => byte === i + 1)).toBe(true);
    });
  });
});
