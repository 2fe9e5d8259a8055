/** What a search of a store is given: vectors as they are compared, and whether it is a search at all. */
import { NearfoldError } from "../errors.ts";
import type { Named, Space } from "../space.ts";

/**
 * Vectors as they are kept and compared: of unit length where the space compares by cosine (then a dot product is the
 * cosine; a zero vector stays zero), as they are otherwise. The copy is the caller's.
 * @throws not-finite, naming the row by `label`
 */
export function comparable(
  vectors: Float32Array,
  { name, space: { dims, similarity } }: Named<Pick<Space, "dims" | "similarity">>,
  label: (row: number) => string,
): Float32Array {
  const out = vectors.slice();
  for (let start = 0; start < out.length; start += dims) {
    let square = 0;
    for (let i = start; i < start + dims; i++) square += out[i] * out[i];
    if (!Number.isFinite(square)) {
      throw new NearfoldError("not-finite", "a vector holds a NaN or an infinity", {
        at: name,
        got: label(start / dims),
      });
    }
    if (similarity === "dot" || square === 0) continue;
    const scale = 1 / Math.sqrt(square);
    for (let i = start; i < start + dims; i++) out[i] *= scale;
  }
  return out;
}

/** @throws bad-argument for a `k` below 1, an `offset` below 0, or a length that is no multiple of D */
export function checkSearch(
  queries: Float32Array,
  k: number,
  { name, space: { dims } }: Named<Space>,
  offset = 0,
): void {
  const whole = Number.isSafeInteger(k) && Number.isSafeInteger(offset);
  if (whole && k >= 1 && offset >= 0 && queries.length % dims === 0) return;
  throw new NearfoldError("bad-argument", "not a search", {
    at: name,
    got: `${k} hits after ${offset}, of ${queries.length} numbers`,
    wanted: `1 hit or more, none or more before, and ${dims} numbers a query`,
  });
}

/** The same of a search for words. @throws bad-argument */
export function checkWordSearch(k: number, store: Named<Space>, offset: number): void {
  checkSearch(NO_QUERIES, k, store, offset);
}

const NO_QUERIES = new Float32Array(0);
