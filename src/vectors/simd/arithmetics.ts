/** How numbers of each type are multiplied, tile by tile and step by step. Another type is an entry here. */
import {
  type Code,
  drop,
  f32,
  f32x4,
  get,
  i8x16,
  i16x8,
  i32,
  i32x4,
  loopWhile,
  set,
  v128,
} from "./assembler.ts";

/** Rows and queries that are multiplied at once: as many sums as there are registers for. */
export interface Tile {
  readonly rows: number;
  readonly queries: number;
}

/** Parameters of each kernel. */
export const PARAMS = 5;
/** Further locals: a row's number, bytes of it that are left, where its queries, the next tile and where the tile's rows are read. */
export const [ROW, LEFT, QUERY, AHEAD, FIRST] = [
  PARAMS,
  PARAMS + 1,
  PARAMS + 2,
  PARAMS + 3,
  PARAMS + 4,
];

/** The v128 locals of a tile. */
export interface Registers {
  readonly sum: (row: number, query: number) => number;
  readonly scratch: (index: number) => number;
}

export const each = (count: number, code: (index: number) => Code): Code =>
  Array.from({ length: count }, (_, index) => code(index)).flat();
export const increase = (local: number, by: Code): Code => set(local, i32.add(get(local), by));
/** Bytes of a register. */
export const WIDTH = 16;

/**
 * Brings so many bytes of the next tile into the processor's cache. The rows of a tile are read at once, which no prefetcher follows: of 384
 * dimensions in memory one query reads 200,000 rows of floats in 13 ms so, and in 28 without; of bytes in 3.6, and in 6.
 */
function readAhead(bytes: number): Code {
  const lines = each(Math.floor(bytes / CACHE_LINE), (i) =>
    drop(v128.load(CACHE_LINE * i, get(AHEAD))),
  );
  return [...lines, ...increase(AHEAD, i32.const(bytes))];
}

const CACHE_LINE = 64;

/** Goes through a row's bytes, so many at a time, as long as there are as many. */
function steps(tile: Tile, rowBytes: number, queryBytes: number, body: Code): Code {
  return loopWhile(i32.atLeast(get(LEFT), i32.const(rowBytes)), [
    ...body,
    ...readAhead(tile.rows * rowBytes),
    ...each(tile.rows, (i) => increase(FIRST + i, i32.const(rowBytes))),
    ...increase(QUERY, i32.const(queryBytes)),
    ...increase(LEFT, i32.const(-rowBytes)),
  ]);
}

/** Numbers of a row that are multiplied in a step: two registers of them. */
export const STEPS = { floats: 8, bytes: 32, bits: 32 } as const;
export type NumberType = keyof typeof STEPS;

/** How numbers of a type are multiplied. */
export interface Arithmetic {
  /** Adds the products of whole rows to the sums. */
  readonly row: (tile: Tile, registers: Registers) => Code;
  readonly scratch: (tile: Tile) => number;
  /** Bytes that may be read past a row's end, which the queries multiply by zero. */
  readonly padding: number;
  readonly store: (offset: number, ...atAndSum: readonly Code[]) => Code;
  /** A sum's four lanes as one number. */
  readonly total: (sum: Code) => Code;
  /** In which lanes a sum is less than another; never one that is no number, or without end. */
  readonly passes: (sums: Code, least: Code) => Code;
}

/** The least number of 32 bits that is one, in every lane. */
const LOWEST = v128.const(...new Array(4).fill([0xff, 0xff, 0x7f, 0xff]).flat());

/** Eight floats at a time, and what is left of a row one by one into the first of four sums. */
const floats: Arithmetic = {
  row: (tile, { sum, scratch }) => {
    const multiply = (load: typeof v128.load, offset: number) => [
      ...each(tile.rows, (i) => set(scratch(i), load(offset, get(FIRST + i)))),
      ...each(tile.queries, (j) => [
        ...set(scratch(tile.rows), load(4 * STEPS.floats * j + offset, get(QUERY))),
        ...each(tile.rows, (i) => {
          const operands = [scratch(i), scratch(tile.rows), sum(i, j)].map(get);
          return set(sum(i, j), f32x4.multiplyAdd(...operands));
        }),
      ]),
    ];
    const step = [...multiply(v128.load, 0), ...multiply(v128.load, WIDTH)];
    return [
      ...steps(tile, 4 * STEPS.floats, 4 * STEPS.floats * tile.queries, step),
      ...steps(tile, 4, 4, multiply(v128.loadFirst, 0)),
    ];
  },
  scratch: ({ rows }) => rows + 1,
  padding: 0,
  passes: (sums, least) => v128.and(f32x4.lessThan(sums, least), f32x4.atLeast(sums, LOWEST)),
  store: f32.store,
  total: (sum) =>
    f32.add(
      f32.add(f32x4.lane(0, sum), f32x4.lane(1, sum)),
      f32.add(f32x4.lane(2, sum), f32x4.lane(3, sum)),
    ),
};

/** 16-bit numbers, each 1. */
const ONES = v128.const(...new Array(8).fill([1, 0]).flat());

/**
 * 32 signed bytes at a time, by products of bytes that take one side without a sign: a query's numbers go in by their size, and where one is below 0 the row's number `r` by
 * its complement, `-r = ~r + 1`; all those ones are in what the sum begins with. Two products fit into 16 bits: whole sums, exact up to 133,000 dimensions.
 */
const bytes: Arithmetic = {
  row: (tile, { sum, scratch }) => {
    const [size, mask, ones] = [0, 1, 2].map((i) => scratch(tile.rows + i));
    const multiply = (half: number) => [
      ...each(tile.rows, (i) => set(scratch(i), v128.load(WIDTH * half, get(FIRST + i)))),
      ...each(tile.queries, (j) => [
        ...set(size, v128.load(WIDTH * (4 * j + half), get(QUERY))),
        ...set(mask, v128.load(WIDTH * (4 * j + 2 + half), get(QUERY))),
        ...each(tile.rows, (i) => {
          const pairs = i16x8.dotBytes(v128.xor(get(scratch(i)), get(mask)), get(size));
          return set(sum(i, j), i32x4.add(get(sum(i, j)), i32x4.dot(pairs, get(ones))));
        }),
      ]),
    ];
    const step = [...multiply(0), ...multiply(1)];
    return [...set(ones, ONES), ...steps(tile, STEPS.bytes, 2 * STEPS.bytes * tile.queries, step)];
  },
  scratch: ({ rows }) => rows + 3,
  padding: STEPS.bytes - 1,
  passes: i32x4.lessThan,
  store: i32.store,
  total: (sum) =>
    i32.add(
      i32.add(i32x4.lane(0, sum), i32x4.lane(1, sum)),
      i32.add(i32x4.lane(2, sum), i32x4.lane(3, sum)),
    ),
};

/** A bit of eight in each byte, the first dimension's in the highest. */
const BITS = v128.const(...new Array(2).fill([128, 64, 32, 16, 8, 4, 2, 1]).flat());
/** Bytes, each 1. */
const BYTE_ONES = v128.const(...new Array(16).fill(1));

/** 32 bits at a time, each made a byte of 0 or 1, by signed bytes of the query: the sum of those whose bit is set. Rows are whole words of 32 bits. */
const bits: Arithmetic = {
  row: (tile, { sum, scratch }) => {
    const [number, mask, byteOnes, ones] = [0, 1, 2, 3].map((i) => scratch(2 * tile.rows + i));
    const halves = [0, 1];
    /** Each of two bytes of a word eight times, so that every bit has one. */
    const spread = (half: number, word: Code) => {
      const places = Array.from({ length: WIDTH }, (_, lane) => 2 * half + (lane >> 3));
      return i8x16.least(v128.and(i8x16.take(places, word), get(mask)), get(byteOnes));
    };
    const step = [
      ...each(tile.rows, (i) =>
        halves.flatMap((half) =>
          set(scratch(2 * i + half), spread(half, v128.loadEach(0, get(FIRST + i)))),
        ),
      ),
      ...each(tile.queries, (j) =>
        halves.flatMap((half) => [
          ...set(number, v128.load(WIDTH * (2 * j + half), get(QUERY))),
          ...each(tile.rows, (i) => {
            const pairs = i16x8.dotBytes(get(number), get(scratch(2 * i + half)));
            return set(sum(i, j), i32x4.add(get(sum(i, j)), i32x4.dot(pairs, get(ones))));
          }),
        ]),
      ),
    ];
    return [
      ...[...set(mask, BITS), ...set(byteOnes, BYTE_ONES), ...set(ones, ONES)],
      ...steps(tile, STEPS.bits / 8, STEPS.bits * tile.queries, step),
    ];
  },
  scratch: ({ rows }) => 2 * rows + 4,
  padding: 0,
  passes: bytes.passes,
  store: bytes.store,
  total: bytes.total,
};

export const arithmetics = { floats, bytes, bits } as const satisfies Record<
  NumberType,
  Arithmetic
>;
