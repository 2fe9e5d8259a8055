/** Exact search: every query against every row, block by block. */
import { NearfoldError } from "../errors.ts";
import type { Named, Space } from "../space.ts";
import { TopK } from "../tensor/top-k.ts";

/** Bytes of a block: it stays in the second-level cache while all queries pass over it. */
const BLOCK_BYTES = 2 ** 20;

/** The rows of `dims` numbers that make a block. */
export function blockRows(dims: number): number {
  return Math.max(1, Math.floor(BLOCK_BYTES / (4 * dims)));
}

/**
 * Vectors as they are kept and compared: of unit length where the space compares by cosine (then a dot product is the
 * cosine; a zero vector stays zero), as they are otherwise. The copy is the caller's.
 * @throws not-finite, naming the row by `label`
 */
export function comparable(
  vectors: Float32Array,
  { name, space: { dims, similarity } }: Named<Space>,
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

/** The scan of one search: feed it blocks in the order of the rows, then ask for the best. */
export class Scan {
  readonly #queries: Float32Array;
  readonly #dims: number;
  readonly #best: readonly TopK[];

  /**
   * @param queries `[Q, D]`, made by `comparable`
   * @throws bad-argument for a `k` below 1 or a length that is no multiple of D
   */
  constructor(queries: Float32Array, k: number, count: number, store: Named<Space>) {
    const { dims } = store.space;
    if (!Number.isSafeInteger(k) || k < 1 || queries.length % dims !== 0) {
      throw new NearfoldError("bad-argument", "not a search", {
        at: store.name,
        got: `${k} hits of ${queries.length} numbers`,
        wanted: `1 hit or more, and ${dims} numbers a query`,
      });
    }
    this.#queries = comparable(queries, store, (row) => `query ${row}`);
    this.#dims = dims;
    const room = Math.min(k, count);
    this.#best = Array.from({ length: queries.length / dims }, () => new TopK(room));
  }

  /** Scores `rows` vectors that begin at row `first`; rows that are not `live` are left out. */
  block(vectors: Float32Array, rows: number, first: number, live: (row: number) => boolean): void {
    const dims = this.#dims;
    const scores = new Float64Array(TILE);
    this.#best.forEach((best, query) => {
      for (let row = 0; row < rows; row += TILE) {
        dotTile(this.#queries, query * dims, vectors, row, rows - 1, dims, scores);
        const end = Math.min(TILE, rows - row);
        for (let i = 0; i < end; i++) {
          const at = first + row + i;
          if (best.takes(scores[i], at) && live(at)) best.push(scores[i], at);
        }
      }
    });
  }

  /** For each query its rows and scores, best first. */
  found(): readonly (readonly { readonly row: number; readonly score: number }[])[] {
    return this.#best.map((best) => best.sorted());
  }
}

/** Rows that share one reading of the query. */
const TILE = 4;

/**
 * Products of the query at `q` with the rows from `row` on; past `last` that one is taken again. Every sum runs over
 * the width in order, so equal vectors score equally wherever they stand.
 */
function dotTile(
  queries: Float32Array,
  q: number,
  rows: Float32Array,
  row: number,
  last: number,
  dims: number,
  scores: Float64Array,
): void {
  let r0 = row * dims;
  let r1 = Math.min(row + 1, last) * dims;
  let r2 = Math.min(row + 2, last) * dims;
  let r3 = Math.min(row + 3, last) * dims;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (const end = q + dims; q < end; q++) {
    const x = queries[q];
    s0 += x * rows[r0++];
    s1 += x * rows[r1++];
    s2 += x * rows[r2++];
    s3 += x * rows[r3++];
  }
  scores[0] = s0;
  scores[1] = s1;
  scores[2] = s2;
  scores[3] = s3;
}
