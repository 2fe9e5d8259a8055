/** Texts that share most of their shingles: candidates by bands, verified one by one. */
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../../errors.ts";
import type { UnionFind } from "../union-find.ts";
import type { Sketches } from "./sketchers.ts";

/** Texts of one key that stand for a group of it each: a text is compared with so many. */
const MOST_FACES = 64;

export interface NearOptions {
  readonly bands: number;
  /** Whether two texts are the same thing. */
  readonly isSame: (a: number, b: number) => boolean;
  readonly signal?: AbortSignal | undefined;
  /** Bands that are done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

export interface NearReport {
  /** Pairs that were compared. */
  readonly compared: number;
  /** Of those the ones that were not the same. */
  readonly refused: number;
}

/**
 * Joins texts that share a band's key and are the same thing. Within a key a text is compared with one of each group there, 64 at most, so that a key that thousands share costs
 * thousands of comparisons and not millions.
 * @throws aborted
 */
export async function joinNear(
  { keys, shingles }: Pick<Sketches, "keys" | "shingles">,
  groups: UnionFind,
  { bands, isSame, signal, onProgress }: NearOptions,
): Promise<NearReport> {
  const rows = Uint32Array.from({ length: keys.count }, (_, row) => row).filter(
    (row) => shingles.at(row).length > 0,
  );
  const column = new Uint32Array(keys.count);
  let [compared, refused] = [0, 0];
  for (let band = 0; band < bands; band++) {
    for (const row of rows) column[row] = keys.at(row)[band];
    const order = sortByKey(rows, column);
    for (let start = 0; start < order.length; ) {
      let end = start + 1;
      while (end < order.length && column[order[end]] === column[order[start]]) end++;
      if (end - start > 1) {
        const found = joinBucket(order.subarray(start, end), groups, isSame);
        compared += found.compared;
        refused += found.refused;
      }
      start = end;
    }
    onProgress?.(band + 1);
    await setImmediate();
    throwIfAborted(signal, "comparing");
  }
  return { compared, refused };
}

function joinBucket(
  rows: Uint32Array,
  groups: UnionFind,
  isSame: NearOptions["isSame"],
): NearReport {
  const faces: number[] = [];
  let [compared, refused] = [0, 0];
  for (const row of rows) {
    const known = groups.find(row);
    let isNew = true;
    for (const face of faces) {
      if (groups.find(face) === known) {
        isNew = false;
        continue;
      }
      if (groups.find(face) === groups.find(row)) continue;
      compared++;
      if (isSame(row, face)) {
        groups.union(row, face);
        isNew = false;
      } else refused++;
    }
    if (isNew && faces.length < MOST_FACES) faces.push(row);
  }
  return { compared, refused };
}

/** Rows in the order of their keys, equal ones as they came: two passes of 16 bits. */
export function sortByKey(rows: Uint32Array, keys: Uint32Array): Uint32Array {
  let from = rows;
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(2 ** 16 + 1);
    for (const row of from) starts[((keys[row] >>> shift) & 0xffff) + 1]++;
    for (let i = 0; i < 2 ** 16; i++) starts[i + 1] += starts[i];
    const to = new Uint32Array(from.length);
    for (const row of from) to[starts[(keys[row] >>> shift) & 0xffff]++] = row;
    from = to;
  }
  return from;
}
