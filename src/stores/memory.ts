/** A store in memory: gone with the process. */
import { NearfoldError, throwIfAborted } from "../errors.ts";
import type { Named, Space } from "../space.ts";
import { RowTable } from "./row-table.ts";
import { blockRows, comparable, Scan } from "./scan.ts";
import {
  checkRows,
  type OpenStoreOptions,
  type Payload,
  type Stored,
  type StoreHit,
  type VectorStore,
} from "./store.ts";

/** A new, empty store; `name` is for messages. @throws bad-argument without a model */
export async function openMemoryStore(
  name: string,
  { model, notes = {} }: OpenStoreOptions = {},
): Promise<VectorStore> {
  if (model) return new MemoryStore(name, model.space, notes);
  throw new NearfoldError("bad-argument", "a store in memory is always new", {
    at: name,
    wanted: "the space of the model that fills it",
  });
}

class MemoryStore implements VectorStore, Named<Space> {
  readonly name: string;
  readonly space: Space;
  readonly notes: Payload;
  readonly #blockRows: number;
  #table = new RowTable();
  #payloads: (Payload | undefined)[] = [];
  /** Row r is in block `r / blockRows`. */
  #blocks: Float32Array[] = [];

  constructor(name: string, space: Space, notes: Payload) {
    this.name = name;
    this.space = space;
    this.notes = notes;
    this.#blockRows = blockRows(space.dims);
  }

  async count(): Promise<number> {
    return this.#table.count;
  }

  async add(
    ids: readonly string[],
    vectors: Float32Array,
    { payloads }: { readonly payloads?: readonly Payload[] } = {},
  ): Promise<void> {
    checkRows(ids, vectors, payloads, this);
    const kept = comparable(vectors, this, (row) => `id ${JSON.stringify(ids[row])}`);
    const { dims } = this.space;
    ids.forEach((id, i) => {
      this.#append(id, kept.subarray(i * dims, (i + 1) * dims), payloads?.[i]);
    });
    this.#reclaim();
  }

  async get(ids: readonly string[]): Promise<readonly (Stored | undefined)[]> {
    return ids.map((id) => {
      const row = this.#table.rowOf(id);
      return row === undefined ? undefined : this.#stored(row);
    });
  }

  async search(
    queries: Float32Array,
    k: number,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly (readonly StoreHit[])[]> {
    const scan = new Scan(queries, k, this.#table.count, this);
    this.#blocks.forEach((block, i) => {
      throwIfAborted(signal, "the search");
      const first = i * this.#blockRows;
      const rows = Math.min(this.#blockRows, this.#table.size - first);
      scan.block(block, rows, first, this.#table.isLive);
    });
    return scan
      .found()
      .map((hits) => hits.map(({ row, score }) => ({ ...this.#stored(row), score })));
  }

  async delete(ids: readonly string[]): Promise<number> {
    const removed = ids.filter((id) => this.#table.remove(id)).length;
    this.#reclaim();
    return removed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#clear();
  }

  #append(id: string, vector: Float32Array, payload: Payload | undefined): void {
    const row = this.#table.size;
    const place = row % this.#blockRows;
    if (place === 0) this.#blocks.push(new Float32Array(this.#blockRows * this.space.dims));
    this.#blocks.at(-1)!.set(vector, place * this.space.dims);
    this.#payloads.push(payload);
    this.#table.append(id);
  }

  #stored(row: number): Stored {
    const payload = this.#payloads[row];
    return { id: this.#table.idOf(row)!, ...(payload && { payload }) };
  }

  /** Frees dead rows once they are more than half, so that replacing again and again takes no more memory. */
  #reclaim(): void {
    const table = this.#table;
    if (table.size <= 2 * table.count + this.#blockRows) return;
    const [blocks, payloads] = [this.#blocks, this.#payloads];
    const { dims } = this.space;
    this.#clear();
    for (const row of table.live()) {
      const block = blocks[Math.floor(row / this.#blockRows)];
      const start = (row % this.#blockRows) * dims;
      this.#append(table.idOf(row)!, block.subarray(start, start + dims), payloads[row]);
    }
  }

  #clear(): void {
    this.#table = new RowTable();
    this.#payloads = [];
    this.#blocks = [];
  }
}
