/** Products of rows with queries as WebAssembly, some of each at once: what is read of a row is multiplied with all queries of a tile. */
import {
  AHEAD,
  type Arithmetic,
  arithmetics,
  each,
  FIRST,
  increase,
  LEFT,
  PARAMS,
  QUERY,
  type Registers,
  ROW,
  STEPS,
  type Tile,
  WIDTH,
} from "./arithmetics.ts";
import {
  assemble,
  drop,
  get,
  i32,
  i32x4,
  loopWhile,
  type Program,
  select,
  set,
  v128,
} from "./assembler.ts";

/** A tile for many queries, and one for those left over. */
export const QUERIES_AT_ONCE = 4;
const tiles = {
  some: { rows: 2, queries: QUERIES_AT_ONCE },
  one: { rows: 4, queries: 1 },
} as const satisfies Record<string, Tile>;

/** Of the system's memory. */
const PAGE = 4096;

/** Bytes that a kernel may read past the last row: the tile after the last one and a step of that, and the page after a tile. */
export const slackOf = (rowBytes: number): number =>
  2 * tiles.one.rows * rowBytes + STEPS.bytes + PAGE;

/**
 * Sums `[queries of the tile, count]`, float32 or int32, of `count` rows from an address on. Queries begin with a register for each, whose lanes its sums begin with, and
 * then lie step by step: a step's numbers of each in turn, then the next as many; of bytes their sizes, then a mask of those below 0; of bits bytes. Rows of bytes are read in whole steps, past the last one too.
 */
export type Kernel = (
  queries: number,
  rows: number,
  rowBytes: number,
  count: number,
  sums: number,
) => void;
const [QUERIES, ROWS, ROW_BYTES, COUNT, SUMS] = [0, 1, 2, 3, 4];
/** The module of all kernels, named by type, and tile: `floats-some`, `bytes-one`, `floats-find`. */
export function kernelModule(): Uint8Array<ArrayBuffer> {
  const programs = Object.entries(arithmetics).flatMap(([type, arithmetic]) => [
    ...Object.entries(tiles).map(([name, tile]) => program(`${type}-${name}`, tile, arithmetic)),
    find(`${type}-find`, arithmetic),
  ]);
  return assemble(PARAMS, programs);
}

/**
 * Goes through numbers from one place to another for one that is not passed over. The first four bytes of a cell are the least number that is not; the place, or the last one where there is none, is written to
 * the next four.
 */
export type Find = (cell: number, numbers: number, from: number, to: number, _: 0) => void;
const [CELL, NUMBERS, FROM, TO] = [0, 1, 2, 3];

function find(name: string, { passes }: Arithmetic): Program {
  const [at, least] = [PARAMS, PARAMS + 1];
  const place = i32.add(get(NUMBERS), i32.mul(get(at), i32.const(4)));
  const isWithin = i32.lessThan(get(at), get(TO));
  const four = i32x4.allTrue(passes(v128.load(0, place), get(least)));
  const one = i32x4.lane(0, passes(v128.loadFirst(0, place), get(least)));
  const body = [
    ...set(at, get(FROM)),
    ...set(least, v128.loadEach(0, get(CELL))),
    ...loopWhile(i32.and(isWithin, four), increase(at, i32.const(4))),
    ...loopWhile(i32.and(isWithin, one), increase(at, i32.const(1))),
    ...i32.store(4, get(CELL), select(get(at), get(TO), isWithin)),
  ];
  return { name, i32s: 1, v128s: 1, body };
}

function program(name: string, tile: Tile, arithmetic: Arithmetic): Program {
  const vectors = FIRST + tile.rows;
  const sums = tile.rows * tile.queries;
  const registers: Registers = {
    sum: (row, query) => vectors + row * tile.queries + query,
    scratch: (index) => vectors + sums + index,
  };
  const last = i32.add(get(COUNT), i32.const(-1));
  /** The number of one of the tile's rows; past the last one that is taken again. */
  const number = (i: number) => {
    const wanted = i32.add(get(ROW), i32.const(i));
    return select(wanted, last, i32.lessThan(wanted, get(COUNT)));
  };
  const place = (i: number, j: number) => {
    const at = i32.add(i32.mul(i32.const(j), get(COUNT)), number(i));
    return i32.add(get(SUMS), i32.mul(at, i32.const(4)));
  };
  const begin = [
    ...each(tile.rows, (i) =>
      set(FIRST + i, i32.add(get(ROWS), i32.mul(number(i), get(ROW_BYTES)))),
    ),
    ...set(QUERY, i32.add(get(QUERIES), i32.const(WIDTH * tile.queries))),
    ...set(AHEAD, i32.add(get(FIRST), i32.mul(get(ROW_BYTES), i32.const(tile.rows)))),
    // The next page too, which the processor finds only when it is asked for: 3 ms in the place of 3.6.
    ...drop(v128.load(PAGE, get(FIRST))),
    ...set(LEFT, i32.add(get(ROW_BYTES), i32.const(arithmetic.padding))),
    ...each(tile.rows, (i) =>
      each(tile.queries, (j) => set(registers.sum(i, j), v128.load(WIDTH * j, get(QUERIES)))),
    ),
  ];
  const end = each(tile.rows, (i) =>
    each(tile.queries, (j) =>
      arithmetic.store(0, place(i, j), arithmetic.total(get(registers.sum(i, j)))),
    ),
  );
  const body = loopWhile(i32.lessThan(get(ROW), get(COUNT)), [
    ...begin,
    ...arithmetic.row(tile, registers),
    ...end,
    ...increase(ROW, i32.const(tile.rows)),
  ]);
  return {
    name,
    i32s: 4 + tile.rows,
    v128s: sums + arithmetic.scratch(tile),
    body,
  };
}
