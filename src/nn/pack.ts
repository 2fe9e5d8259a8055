import { floats, ints, type Tensor } from "../tensor/tensor.ts";
import { dropoutInput } from "./dropout.ts";
import { MASKED } from "./layout.ts";
import { packedNames } from "./packed-layout.ts";
import { type PoolWeights, poolWeights } from "./pooling.ts";

export interface PackOptions {
  /** The weights of a sequence's tokens in each pooled vector. @default mean alone */
  readonly poolWeights?: readonly PoolWeights[];
  /** How many tokens at the start of each sequence are a prompt that is not pooled. @default 0 */
  readonly promptTokens?: ArrayLike<number>;
  /** Segment ids, as the sequences. @default all 0 and not fed */
  readonly tokenTypes?: readonly ArrayLike<number>[];
  /** Two odd keys for each token, by the sequence's index and the place in it (see `dropout.ts`). @default not fed */
  readonly dropoutKeys?: (sequence: number, place: number) => readonly [number, number];
  /** The most blocks of like length. @default 3 */
  readonly maxBlocks?: number;
  /** Padded batches are not made longer than this by rounding. @default Infinity */
  readonly positions?: number;
}

export interface Packed {
  /** How many blocks the feeds are for: the graph to run is `packedLayout(blocks)`'s. */
  readonly blocks: number;
  /** By input name; the tensors are fresh. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Tokens of the sequences, padding not counted. */
  readonly tokens: number;
}

/** Tokens are laid out longest sequence first; block lengths are multiples of this. */
const SLOT_MULTIPLE = 8;

/**
 * The feeds of a packed batch of token id sequences, none of them empty.
 *
 * `T` and the block lengths are rounded up so that shapes stay few. Where slots stay empty they point at a row of padding, and rows
 * of padding at an empty slot: neither ever carries a gradient, so Gathers alone are exact both ways. A batch with rows of
 * padding but no empty slot gets one dummy sequence.
 */
export function pack(sequences: readonly ArrayLike<number>[], options: PackOptions = {}): Packed {
  const { poolWeights = meanAlone, promptTokens, tokenTypes, dropoutKeys } = options;
  const { maxBlocks = 3 } = options;
  const poolings = poolWeights.length;
  const byLength = packedOrder(sequences);
  const lengthOf = (i: number) => sequences[i].length;
  const sorted = byLength.map(lengthOf);
  const sizes = chooseBlocks(sorted, maxBlocks);
  const tokens = sorted.reduce((sum, length) => sum + length, 0);
  const spare = slotCount(sorted, sizes) - tokens;
  const exact = spare === 0 && roundUpTokens(tokens) === tokens;
  const total = exact ? tokens : roundUpTokens(tokens + 1);
  const dummy = !exact && spare === 0 ? 1 : 0;

  const ids = new Int32Array(total);
  const types = new Int32Array(total);
  const keys = dropoutKeys && new Int32Array(2 * total).fill(1);
  const [positions, row, column, stride] = [0, 0, 0, 0].map(() => new Int32Array(total));
  const order = new Int32Array(sequences.length);
  const place = new Int32Array(sequences.length + dummy);
  const feeds: Record<string, Tensor> = {};
  let [token, first, before] = [0, 0, 0];
  let emptySlot = { row: 0, column: 0, stride: 0 };
  sizes.forEach((count, block) => {
    const width = roundUp(sorted[first], SLOT_MULTIPLE);
    const height = count + (block === sizes.length - 1 ? dummy : 0);
    const slots = new Int32Array(height * width).fill(total - 1);
    const mask = new Float32Array(height * width).fill(MASKED);
    const pool = new Float32Array(height * poolings * width);
    for (let b = 0; b < height; b++) {
      const which = byLength[first + b] ?? -1;
      const length = b < count ? lengthOf(which) : 0;
      if (length > 0) {
        poolWeights.forEach((weights, row) => {
          pool.set(weights(length, promptTokens?.[which] ?? 0), (b * poolings + row) * width);
        });
      }
      for (let s = 0; s < length; s++, token++) {
        const slot = b * width + s;
        slots[slot] = token;
        mask[slot] = 0;
        ids[token] = sequences[which][s];
        if (tokenTypes) types[token] = tokenTypes[which][s];
        if (keys) keys.set(dropoutKeys(which, s), 2 * token);
        positions[token] = s;
        row[token] = before + b * width;
        column[token] = s;
        stride[token] = width;
      }
      if (length < width) emptySlot = { row: before + b * width, column: length, stride: width };
      if (which >= 0 && b < count) {
        order[which] = first + b;
        place[first + b] = which;
      }
    }
    feeds[packedNames.slots(block)] = ints(slots, [height, width]);
    feeds[packedNames.mask(block)] = floats(mask, [height, 1, 1, width]);
    feeds[packedNames.pool(block)] = floats(pool, [height, 1, poolings, width]);
    first += count;
    before += height * width;
  });
  row.fill(emptySlot.row, token);
  column.fill(emptySlot.column, token);
  stride.fill(emptySlot.stride, token);
  feeds[packedNames.ids] = ints(ids);
  if (tokenTypes) feeds[packedNames.types] = ints(types);
  if (keys) feeds[dropoutInput] = ints(keys, [total, 2]);
  feeds[packedNames.positions] = ints(positions);
  feeds[packedNames.row] = ints(row);
  feeds[packedNames.column] = ints(column);
  feeds[packedNames.stride] = ints(stride);
  feeds[packedNames.order] = ints(order);
  feeds[packedNames.place] = ints(place);
  return { blocks: sizes.length, feeds, tokens };
}

/** The row of each token of a packed batch, one sequence after the other. */
export function packedTokenRows(sequences: readonly ArrayLike<number>[]): Int32Array {
  const starts = new Int32Array(sequences.length);
  let row = 0;
  for (const i of packedOrder(sequences)) {
    starts[i] = row;
    row += sequences[i].length;
  }
  const rows = new Int32Array(row);
  let token = 0;
  sequences.forEach(({ length }, i) => {
    for (let s = 0; s < length; s++) rows[token++] = starts[i] + s;
  });
  return rows;
}

/** The numbers of the sequences in the order in which their rows lie: longest first. */
export function packedOrder(sequences: readonly ArrayLike<number>[]): number[] {
  const lengthOf = (i: number) => sequences[i].length;
  return [...sequences.keys()].sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
}

/**
 * How many of the sequences (longest first) each block takes. A block costs `B · S · (S + 48)`: attention grows with the square
 * of its length, moving its slots with the length. More blocks are worth their overhead only where they save a tenth.
 */
export function chooseBlocks(sorted: readonly number[], maxBlocks: number): number[] {
  const widths = sorted.map((length) => roundUp(length, SLOT_MULTIPLE));
  const cost = (from: number, to: number) =>
    from === to ? 0 : (to - from) * widths[from] * (widths[from] + 48);
  const end = sorted.length;
  const borders = widths.flatMap((width, i) => (i > 0 && width !== widths[i - 1] ? [i] : []));
  let best = { sizes: [end], cost: cost(0, end) };
  const consider = (sizes: number[], found: number, blocks: number) => {
    if (found < best.cost * (blocks > best.sizes.length ? 0.9 : 1)) best = { sizes, cost: found };
  };
  if (maxBlocks >= 2) {
    for (const a of borders) consider([a, end - a], cost(0, a) + cost(a, end), 2);
  }
  if (maxBlocks >= 3) {
    for (const a of borders)
      for (const b of borders)
        if (a < b) consider([a, b - a, end - b], cost(0, a) + cost(a, b) + cost(b, end), 3);
  }
  return best.sizes;
}

/** Rounds a token count up to a sixteenth of its power of two (8 at least): few shapes, 3 % of padding on average. */
export function roundUpTokens(tokens: number): number {
  return roundUp(tokens, Math.max(8, 2 ** (Math.floor(Math.log2(Math.max(tokens, 1))) - 4)));
}

function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}

function slotCount(sorted: readonly number[], sizes: readonly number[]): number {
  let first = 0;
  return sizes.reduce((sum, count) => {
    const slots = count * roundUp(sorted[first], SLOT_MULTIPLE);
    first += count;
    return sum + slots;
  }, 0);
}

/** One pooling, by mean. */
export const meanAlone: readonly PoolWeights[] = poolWeights(["mean"]);
