/** What is kept of a text to compare it by: its shingles, the keys of its bands, its words. */
import type { Bands } from "./bands.ts";
import { hashRange, mix } from "./hashing.ts";
import { wordsOf } from "./words.ts";

/** What shingles are of. */
export type ShingleUnit = "characters" | "words";

export interface SketchOptions extends Bands {
  readonly unit: ShingleUnit;
  /** Characters, or words, in a shingle. */
  readonly size: number;
  /** Shingles that are kept; of more only those with the least hashes, a bottom-k sketch. */
  readonly kept: number;
  readonly seed: number;
}

export interface Sketch {
  /** Hashes of the distinct shingles, ascending. */
  readonly shingles: Uint32Array;
  /** `[bands]`; nothing for a text without shingles. */
  readonly keys: Uint32Array;
  /** As `wordsOf` packs them. */
  readonly words: Uint32Array;
}

/** Makes sketches. Its MinHash is Broder's ("On the Resemblance and Containment of Documents", 1997). */
export function sketcher(options: SketchOptions): (text: string) => Sketch {
  const { bands, rows, kept, seed } = options;
  const count = bands * rows;
  const factors = new Uint32Array(count);
  const masks = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    masks[i] = mix(seed + 2 * i);
    factors[i] = mix(seed + 2 * i + 1) | 1;
  }
  const minimums = new Uint32Array(count);
  return (text) => {
    const shingles = shinglesOf(text, options);
    const words = wordsOf(text);
    if (shingles.length === 0) return { shingles, keys: new Uint32Array(0), words };
    for (let i = 0; i < count; i++) {
      const [mask, factor] = [masks[i], factors[i]];
      let least = 0xffffffff;
      for (let j = 0; j < shingles.length; j++) {
        let h = Math.imul(shingles[j] ^ mask, factor);
        h = (h ^ (h >>> 15)) >>> 0;
        if (h < least) least = h;
      }
      minimums[i] = least;
    }
    const keys = new Uint32Array(bands);
    for (let band = 0; band < bands; band++) {
      let key = band;
      for (let i = band * rows; i < (band + 1) * rows; i++) key = mix(key ^ minimums[i]);
      keys[band] = key;
    }
    return { shingles: shingles.length > kept ? shingles.slice(0, kept) : shingles, keys, words };
  };
}

/** Hashes of distinct shingles, ascending. Case and marks between words make none; a text that is shorter than a shingle is one. */
export function shinglesOf(
  text: string,
  { unit, size, seed }: Pick<SketchOptions, "unit" | "size" | "seed">,
): Uint32Array {
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, " ")
    .trim();
  if (plain === "") return new Uint32Array(0);
  const hashes =
    unit === "characters" ? ofCharacters(` ${plain} `, size, seed) : ofWords(plain, size, seed);
  return distinct(hashes.sort());
}

function ofCharacters(text: string, size: number, seed: number): Uint32Array {
  const count = Math.max(1, text.length - size + 1);
  const hashes = new Uint32Array(count);
  for (let i = 0; i < count; i++)
    hashes[i] = hashRange(text, i, Math.min(i + size, text.length), seed);
  return hashes;
}

function ofWords(text: string, size: number, seed: number): Uint32Array {
  const words = text.split(" ").map((word) => hashRange(word, 0, word.length, seed));
  const count = Math.max(1, words.length - size + 1);
  const hashes = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    let h = size;
    for (const word of words.slice(i, i + size)) h = mix(h ^ word);
    hashes[i] = h;
  }
  return hashes;
}

function distinct(sorted: Uint32Array): Uint32Array {
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i];
  }
  return sorted.slice(0, count);
}

/**
 * The Jaccard similarity of two texts by their shingles: exact where both kept all of theirs, and else the share of the `kept` least of the union that both
 * have, which is its unbiased estimate with a deviation of at most `1 / (2 sqrt(kept))` (Cohen and Kaplan, "Summarizing Data using Bottom-k Sketches", 2007).
 */
export function jaccard(a: Uint32Array, b: Uint32Array, kept: number): number {
  const bounded = a.length >= kept || b.length >= kept;
  const most = bounded ? kept : Number.POSITIVE_INFINITY;
  let [i, j, union, common] = [0, 0, 0, 0];
  while (union < most && (i < a.length || j < b.length)) {
    const x = i < a.length ? a[i] : Number.POSITIVE_INFINITY;
    const y = j < b.length ? b[j] : Number.POSITIVE_INFINITY;
    union++;
    if (x === y) common++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return union === 0 ? 0 : common / union;
}
