/** Vectors in memory in the formats they are kept in, by id: what is searched by a loop over all of them. */
import { throwIfAborted } from "../errors.ts";
import type { Named, Space } from "../space.ts";
import { keepVectors, vectorKinds } from "../vectors/index.ts";
import { searchRows } from "../vectors/search.ts";
import { blockRows, CodeBlocks } from "./code-blocks.ts";
import { type Kept, rowBytes } from "./kept.ts";
import { byScore } from "./order.ts";
import { RowTable } from "./row-table.ts";

/** An id and how near it is. */
export interface Scored {
  readonly id: string;
  readonly score: number;
}

export interface PackedSearch {
  /** Whether an id counts. @default all do */
  readonly counts?: ((id: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class PackedRows {
  readonly #store: Named<Space> & { readonly kept: Kept };
  #table = new RowTable();
  #codes: CodeBlocks;
  #finer: CodeBlocks | undefined;

  /** @param store whose vectors they are; `name` is for messages */
  constructor(store: Named<Space> & { readonly kept: Kept }) {
    this.#store = store;
    const { search, rescore } = rowBytes(store.kept);
    this.#codes = new CodeBlocks(search);
    this.#finer = rescore === undefined ? undefined : new CodeBlocks(rescore);
  }

  get count(): number {
    return this.#table.count;
  }

  ids(): readonly string[] {
    return Array.from(this.#table.live(), (row) => this.#table.idOf(row)!);
  }

  has(id: string): boolean {
    return this.#table.rowOf(id) !== undefined;
  }

  /** Takes rows `[N, D]` as `comparable` gives them; an id that is there is replaced. */
  put(ids: readonly string[], rows: Float32Array): void {
    const { kept, space } = this.#store;
    const { search, rescore } = keepVectors(kept, rows, space.dims);
    this.putCodes(ids, search.codes, rescore?.codes);
  }

  /** The same of codes, row by row. */
  putCodes(ids: readonly string[], codes: Uint8Array, finer: Uint8Array | undefined): void {
    const size = rowBytes(this.#store.kept);
    ids.forEach((id, i) => {
      this.#codes.append(codes.subarray(i * size.search, (i + 1) * size.search));
      this.#finer?.append(finer!.subarray(i * size.rescore!, (i + 1) * size.rescore!));
      this.#table.append(id);
    });
    this.#reclaim();
  }

  /** Says how many were there. */
  remove(ids: readonly string[]): number {
    const removed = ids.filter((id) => this.#table.remove(id)).length;
    this.#reclaim();
    return removed;
  }

  /** The vector that an id's finest codes stand for: of as many dimensions as these have. */
  vector(id: string): Float32Array | undefined {
    const row = this.#table.rowOf(id);
    if (row === undefined) return undefined;
    const { search, rescore: quantizer = search } = this.#store.kept;
    const codes = (this.#finer ?? this.#codes).gather([row]);
    return vectorKinds[quantizer.format.type].decode(codes, quantizer);
  }

  /** The `k` nearest to each of the queries `[Q, D]`, as `comparable` gives them. @throws aborted */
  search(
    queries: Float32Array,
    k: number,
    { counts, signal }: PackedSearch = {},
  ): readonly (readonly Scored[])[] {
    const [table, codes, finer] = [this.#table, this.#codes, this.#finer ?? this.#codes];
    const { kept, space } = this.#store;
    const live = counts
      ? (row: number) => table.isLive(row) && counts(table.idOf(row)!)
      : table.isLive;
    function* blocks() {
      for (const block of codes.blocks()) {
        throwIfAborted(signal, "the search");
        yield block;
      }
    }
    const rows = {
      rows: table.count,
      blocks,
      gather: (some: readonly number[]) => finer.gather(some),
    };
    const { multiplier } = kept;
    const found = searchRows(queries, kept, rows, { k, width: space.dims, multiplier, live });
    return found.map((hits) =>
      hits.map(({ row, score }) => ({ id: table.idOf(row)!, score })).sort(byScore),
    );
  }

  /** Frees dead rows once they are more than half, so that replacing again and again takes no more memory. */
  #reclaim(): void {
    const [table, codes, finer] = [this.#table, this.#codes, this.#finer];
    const size = rowBytes(this.#store.kept);
    if (table.size <= 2 * table.count + blockRows(size.search)) return;
    this.#table = new RowTable();
    this.#codes = new CodeBlocks(size.search);
    this.#finer = finer && new CodeBlocks(size.rescore!);
    for (const row of table.live()) {
      this.#codes.append(codes.row(row));
      this.#finer?.append(finer!.row(row));
      this.#table.append(table.idOf(row)!);
    }
  }
}
