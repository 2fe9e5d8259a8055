/** The search of a store: every query against every row, block by block, and a second look at the best. */
import { NearfoldError } from "../errors.ts";
import type { Named, Space } from "../space.ts";
import { CodeScan, type RowHit, rescore, secondPass } from "../vectors/scan.ts";
import type { Kept } from "./kept.ts";

/** Bytes of a block: small enough to read ahead, large enough that reading is cheap. */
const BLOCK_BYTES = 2 ** 20;

/** The rows of so many bytes that make a block. */
export function blockRows(rowBytes: number): number {
  return Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
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

/** One search: feed it blocks in the order of the rows, then ask for the best. */
export class Scan {
  readonly #queries: Float32Array;
  readonly #dims: number;
  readonly #k: number;
  readonly #kept: Kept;
  readonly #first: CodeScan;

  /**
   * @param queries `[Q, D]`
   * @throws bad-argument for a `k` below 1 or a length that is no multiple of D; not-finite naming the query
   */
  constructor(
    queries: Float32Array,
    k: number,
    count: number,
    store: Named<Space> & { readonly kept: Kept },
  ) {
    const { dims } = store.space;
    checkSearch(queries, k, store);
    this.#queries = comparable(queries, store, (row) => `query ${row}`);
    this.#dims = dims;
    this.#k = k;
    this.#kept = store.kept;
    const { search, rescore: finer, multiplier } = store.kept;
    const room = Math.min(secondPass(search, finer) ? k * multiplier : k, count);
    this.#first = new CodeScan(this.#queries, dims, room, search);
  }

  /** Scores the codes of `rows` vectors that begin at row `first`; rows that are not `live` are left out. */
  block(codes: Uint8Array, rows: number, first: number, live: (row: number) => boolean): void {
    this.#first.block(codes, rows, first, live);
  }

  /**
   * For each query its rows and scores, best first.
   * @param read the codes of some rows, of what is rescored by; the searched codes where that is nothing else
   */
  async found(
    read: (rows: readonly number[]) => Uint8Array | Promise<Uint8Array>,
  ): Promise<readonly (readonly RowHit[])[]> {
    const quantizer = secondPass(this.#kept.search, this.#kept.rescore);
    const candidates = this.#first.found();
    if (!quantizer) return candidates;
    return Promise.all(
      candidates.map(async (hits, i) => {
        // In the order of the file.
        const rows = hits.map(({ row }) => row).sort((a, b) => a - b);
        const query = this.#queries.subarray(i * this.#dims, (i + 1) * this.#dims);
        return rescore(query, rows, await read(rows), { k: this.#k, quantizer });
      }),
    );
  }
}
