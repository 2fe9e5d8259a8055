/** Hashes of 32 bits: of shingles, words and bands. */

/** Of UTF-16 units: multiplied and mixed, 32 bits. */
export function hashRange(text: string, start: number, end: number, seed = 0): number {
  let h = seed ^ (end - start);
  for (let i = start; i < end; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h);
}

/** The finalizer of MurmurHash3 (Appleby 2011): every bit of the input changes half of those that come out. */
export function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
