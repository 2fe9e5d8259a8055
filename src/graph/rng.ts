/**
 * Randomness without state: Philox4x32-10, a counter-based generator (Salmon, Moraes, Dror, Shaw, "Parallel Random
 * Numbers: As Easy as 1, 2, 3", SC 2011). A number is a function of a seed and counters, so a mask or a shuffle can be
 * made again anywhere, in any order. Same seed, same bytes.
 */
import { NearfoldError } from "../errors.ts";

/** A source of numbers in `[0, 1)`. */
export type Rng = () => number;

/** Up to three integers in `[0, 2^32)` that tell the uses of one seed apart, for instance step, sequence and place. */
export type Stream = readonly number[];

export interface StreamOptions {
  readonly seed: number;
  /** @default [] */
  readonly stream?: Stream;
}

/** The eleven high bits of the key, which a seed leaves free: functions of one seed never repeat each other. */
const domains = { uniform: 0, sequence: 1, fillUniform: 2, fillNormal: 3, fillDropout: 4 } as const;
type Domain = keyof typeof domains;

const WORD = 2 ** -32;

/**
 * One number in `[0, 1)` of 53 bits, from a seed and up to four counters.
 * @throws bad-argument for a seed that is no safe integer ≥ 0, or a counter outside `[0, 2^32)`.
 */
export function uniform(seed: number, ...counters: readonly number[]): number {
  const block = new Uint32Array(4);
  const [low, high] = keyOf(seed, "uniform");
  const [a = 0, b = 0, c = 0, d = 0] = checked(counters, 4);
  philox(block, 0, a, b, c, d, low, high);
  return double(block[0], block[1]);
}

/** A generator for what needs numbers one after another: 53 bits each, period 2^33. */
export function sequence(seed: number, ...stream: Stream): Rng {
  const block = new Uint32Array(4);
  const [low, high] = keyOf(seed, "sequence");
  const [b = 0, c = 0, d = 0] = checked(stream, 3);
  let drawn = 0;
  return () => {
    const half = (drawn & 1) * 2;
    if (half === 0) philox(block, 0, Math.floor(drawn / 2), b, c, d, low, high);
    drawn++;
    return double(block[half], block[half + 1]);
  };
}

/**
 * Fills `out` with float32 numbers in `[low, high)`. Element `i` depends on the seed, the stream and `i` alone, never
 * on the length of `out`.
 */
export function fillUniform(
  out: Float32Array,
  {
    seed,
    stream = [],
    low = 0,
    high = 1,
  }: StreamOptions & { readonly low?: number; readonly high?: number },
): Float32Array {
  // 24 bits: what a float32 below 1 holds exactly. Rounding to float32 may still reach `high`.
  const scale = (high - low) * 2 ** -24;
  const last = below(high);
  const words = new Uint32Array(1024);
  return fillBlocks(out, "fillUniform", { seed, stream, words }, (at, count) => {
    for (let i = 0; i < count; i++) {
      const x = low + (words[i] >>> 8) * scale;
      out[at + i] = Math.min(x, last);
    }
  });
}

/** Fills `out` with float32 numbers of the normal distribution (Box and Muller 1958), element by element as `fillUniform`. */
export function fillNormal(
  out: Float32Array,
  {
    seed,
    stream = [],
    mean = 0,
    std = 1,
  }: StreamOptions & { readonly mean?: number; readonly std?: number },
): Float32Array {
  const words = new Uint32Array(1024);
  return fillBlocks(out, "fillNormal", { seed, stream, words }, (at, count) => {
    for (let i = 0; i < count; i += 2) {
      const radius = std * Math.sqrt(-2 * Math.log((words[i] + 0.5) * WORD));
      const angle = 2 * Math.PI * words[i + 1] * WORD;
      out[at + i] = mean + radius * Math.cos(angle);
      if (i + 1 < count) out[at + i + 1] = mean + radius * Math.sin(angle);
    }
  });
}

/**
 * Fills `out` with an inverted dropout mask (Srivastava et al. 2014): 0 with probability `rate`, to 16 bits, and else
 * `1 / (1 - rate)`. Element by element as `fillUniform`.
 * @throws bad-argument for a rate outside `[0, 1)`.
 */
export function fillDropout(
  out: Float32Array,
  { seed, stream = [], rate }: StreamOptions & { readonly rate: number },
): Float32Array {
  if (!(rate >= 0 && rate < 1)) {
    throw new NearfoldError("bad-argument", "not a dropout rate", {
      got: String(rate),
      wanted: "0 or more, below 1",
    });
  }
  const dropped = Math.round(rate * 65536);
  const kept = 1 / (1 - rate);
  const words = new Uint32Array(512);
  const halves = new Uint16Array(words.buffer);
  return fillBlocks(out, "fillDropout", { seed, stream, words, perWord: 2 }, (at, count) => {
    for (let i = 0; i < count; i++) out[at + i] = halves[i] < dropped ? 0 : kept;
  });
}

/** One number of the standard normal distribution. */
export function normal(next: Rng): number {
  // 1 - u is in (0, 1]: the logarithm is finite.
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** Shuffles in place and returns the array (Fisher and Yates): every order is as likely as any other. */
export function shuffle<A extends unknown[] | Int32Array | Uint32Array>(array: A, next: Rng): A {
  for (let i = array.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const held = array[i];
    array[i] = array[j];
    array[j] = held;
  }
  return array;
}

/** Philox4x32-10: writes four words of the counter `(a, b, c, d)` under the key `(k0, k1)` to `out` from `at`. */
export function philox(
  out: Uint32Array,
  at: number,
  a: number,
  b: number,
  c: number,
  d: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const nextA = highHalf(0xcd9e, 0x8d57, c) ^ b ^ k0;
    const nextC = highHalf(0xd251, 0x1f53, a) ^ d ^ k1;
    b = Math.imul(0xcd9e8d57, c);
    d = Math.imul(0xd2511f53, a);
    a = nextA;
    c = nextC;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[at] = a;
  out[at + 1] = b;
  out[at + 2] = c;
  out[at + 3] = d;
}

/** The high 32 bits of a 64-bit product, from products of 16-bit halves: JavaScript has only the low ones. */
function highHalf(high: number, low: number, x: number): number {
  const xLow = x & 0xffff;
  const xHigh = x >>> 16;
  const middle = (Math.imul(high, xLow) + (Math.imul(low, xLow) >>> 16)) | 0;
  const other = (Math.imul(low, xHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(high, xHigh) + (middle >>> 16) + (other >>> 16)) | 0;
}

/** Fills `words` again and again and calls `take` for the elements they make, in order. */
function fillBlocks(
  out: Float32Array,
  domain: Domain,
  {
    seed,
    stream = [],
    words,
    perWord = 1,
  }: StreamOptions & { readonly words: Uint32Array; readonly perWord?: number },
  take: (at: number, count: number) => void,
): Float32Array {
  const [low, high] = keyOf(seed, domain);
  const [b = 0, c = 0, d = 0] = checked(stream, 3);
  const most = words.length * perWord;
  const perBlock = 4 * perWord;
  for (let at = 0; at < out.length; at += most) {
    const count = Math.min(most, out.length - at);
    const blocks = Math.ceil(count / perBlock);
    const first = at / perBlock;
    for (let i = 0; i < blocks; i++) philox(words, i * 4, first + i, b, c, d, low, high);
    take(at, count);
  }
  return out;
}

function double(a: number, b: number): number {
  return ((a >>> 5) * 2 ** 26 + (b >>> 6)) * 2 ** -53;
}

/** The largest float32 below `high`. */
function below(high: number): number {
  const value = Math.fround(high);
  if (value < high) return value;
  return Math.fround(value - Math.max(Math.abs(value) * 2 ** -24, 2 ** -149));
}

function keyOf(seed: number, domain: Domain): [number, number] {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new NearfoldError("bad-argument", "not a seed", {
      got: String(seed),
      wanted: "a whole number from 0 to 2^53 - 1",
    });
  }
  return [seed | 0, Math.floor(seed * WORD) | (domains[domain] << 21)];
}

function checked(counters: readonly number[], most: number): readonly number[] {
  if (counters.length > most || !counters.every((n) => n >>> 0 === n)) {
    throw new NearfoldError("bad-argument", "not counters of a stream", {
      got: `[${counters}]`,
      wanted: `at most ${most} whole numbers below 2^32`,
    });
  }
  return counters;
}
