/** Words as two numbers each: enough to say which numbers and names two texts do not share. */
import { hashRange } from "./hashing.ts";

/** A text of more words is not judged by single ones: no words are kept of it. */
const MOST_WORDS = 64;

/** Bits of a word's second number above the 26 of its letters. */
const flags = { number: 1 << 26, capital: 1 << 27, small: 1 << 28 } as const;
const LETTERS = (1 << 26) - 1;
const LENGTH_SHIFT = 29;

/**
 * The words of a text, `[hash, shape, hash, shape, …]` ascending by hash. A shape has a bit for each letter that is in the word, bits that say whether it holds a digit
 * and, where the spelling tells names from other words, whether it begins with a capital, and the length up to 7.
 */
export function wordsOf(text: string): Uint32Array {
  const found = [...text.normalize("NFKC").matchAll(/[\p{L}\p{M}\p{N}]+/gu)];
  if (found.length > MOST_WORDS) return new Uint32Array(0);
  const telling = tellsNames(found.map(([word]) => word));
  const pairs = found.map(({ 0: word, index, input }) => {
    const lower = asDigits(word.toLowerCase());
    const inside =
      telling && /[\p{L}\p{N},'’] *$/u.test(input.slice(Math.max(0, index - 4), index));
    const spelt = !inside ? 0 : isCapital(word) ? flags.capital : flags.small;
    return [hashRange(lower, 0, lower.length), shapeOf(lower) | spelt] as const;
  });
  pairs.sort((a, b) => a[0] - b[0]);
  return Uint32Array.from(pairs.flat());
}

/** English numbers in letters, from two on: "one" is more often a pronoun. */
const numerals: ReadonlyMap<string, string> = new Map(
  "two three four five six seven eight nine ten eleven twelve"
    .split(" ")
    .map((word, i) => [word, String(i + 2)]),
);

function asDigits(lower: string): string {
  return numerals.get(lower) ?? lower;
}

/** Whether capitals inside the text say something: it begins with one, and neither most words do nor all letters are. */
function tellsNames(words: readonly string[]): boolean {
  if (words.length < 4 || !isCapital(words[0])) return false;
  const capitals = words.filter(isCapital).length - 1;
  return 2 * capitals < words.length - 1;
}

function isCapital(word: string): boolean {
  const first = word.slice(0, 1);
  return first !== first.toLowerCase();
}

function shapeOf(lower: string): number {
  let shape = Math.min(lower.length, 7) << LENGTH_SHIFT;
  for (let i = 0; i < lower.length; i++) {
    const code = lower.charCodeAt(i);
    if (code >= 48 && code <= 57) shape |= flags.number;
    shape |= 1 << ((code + 7) % 26);
  }
  return shape;
}

/**
 * How each word of a collection is spelt inside its texts: one that has a capital more often than not is a name (Lita, Ittycheriah, Roukos and Kambhatla, "tRuEcasIng", 2003), also
 * where it is written small.
 */
export class WordCounts {
  #slots = 2 ** 12;
  #hashes = new Uint32Array(this.#slots);
  /** Occurrences; 0 where the slot is free. */
  #counts = new Uint32Array(this.#slots);
  /** Capital minus small. */
  #capitals = new Int32Array(this.#slots);
  #used = 0;

  add(words: Uint32Array): void {
    for (let i = 0; i < words.length; i += 2) {
      if (2 * this.#used > this.#slots) this.#grow();
      const slot = this.#find(words[i]);
      if (this.#counts[slot] === 0) {
        this.#hashes[slot] = words[i];
        this.#used++;
      }
      this.#counts[slot]++;
      const shape = words[i + 1];
      if (shape & flags.capital) this.#capitals[slot]++;
      else if (shape & flags.small) this.#capitals[slot]--;
    }
  }

  count(hash: number): number {
    return this.#counts[this.#find(hash)];
  }

  isName(hash: number): boolean {
    return this.#capitals[this.#find(hash)] > 0;
  }

  #find(hash: number): number {
    const mask = this.#slots - 1;
    let slot = hash & mask;
    while (this.#counts[slot] > 0 && this.#hashes[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [hashes, counts, capitals] = [this.#hashes, this.#counts, this.#capitals];
    this.#slots *= 2;
    this.#hashes = new Uint32Array(this.#slots);
    this.#counts = new Uint32Array(this.#slots);
    this.#capitals = new Int32Array(this.#slots);
    for (let i = 0; i < hashes.length; i++) {
      if (counts[i] === 0) continue;
      const slot = this.#find(hashes[i]);
      [this.#hashes[slot], this.#counts[slot], this.#capitals[slot]] = [
        hashes[i],
        counts[i],
        capitals[i],
      ];
    }
  }
}

/**
 * Whether each of two texts states a number or a name that the other has not: "room 12 for Ann" and "room 13 for Ann" are two things, however alike they look. A word that the
 * other spells almost so, and that is rare, is a slip of the pen.
 */
export function statesOther(a: Uint32Array, b: Uint32Array, counts: WordCounts): boolean {
  if (a.length === 0 || b.length === 0) return false;
  const [onlyA, onlyB] = unmatched(a, b);
  if (onlyA.length === 0 || onlyB.length === 0) return false;
  return statesMore(onlyA, onlyB, counts) && statesMore(onlyB, onlyA, counts);
}

/** Words of each that the other has not, as often as it has them more. */
function unmatched(a: Uint32Array, b: Uint32Array): readonly [number[], number[]] {
  const only: [number[], number[]] = [[], []];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const x = i < a.length ? a[i] : Number.POSITIVE_INFINITY;
    const y = j < b.length ? b[j] : Number.POSITIVE_INFINITY;
    if (x < y) only[0].push(x, a[i + 1]);
    if (y < x) only[1].push(y, b[j + 1]);
    if (x <= y) i += 2;
    if (y <= x) j += 2;
  }
  return only;
}

function statesMore(words: readonly number[], others: readonly number[], counts: WordCounts) {
  for (let i = 0; i < words.length; i += 2) {
    const [hash, shape] = [words[i], words[i + 1]];
    if (shape & flags.number) return true;
    if (counts.isName(hash) && !isSlip(hash, shape, others, counts)) return true;
  }
  return false;
}

/** Occurrences up to which a word may be a slip. */
const RARE = 2;

function isSlip(
  hash: number,
  shape: number,
  others: readonly number[],
  counts: WordCounts,
): boolean {
  for (let i = 0; i < others.length; i += 2) {
    if (!isAlike(shape, others[i + 1])) continue;
    if (Math.min(counts.count(hash), counts.count(others[i])) <= RARE) return true;
  }
  return false;
}

/** Lengths that differ by one at most, and at most two letters that only one has. */
function isAlike(a: number, b: number): boolean {
  if (Math.abs((a >>> LENGTH_SHIFT) - (b >>> LENGTH_SHIFT)) > 1) return false;
  return bitCount((a ^ b) & LETTERS) <= 2 && bitCount(a & b & LETTERS) >= 2;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
