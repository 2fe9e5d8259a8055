/** A store in memory: gone with the process. */
import { NearfoldError, throwIfAborted } from "../errors.ts";
import type { Named, Space } from "../space.ts";
import { keepVectors } from "../vectors/index.ts";
import { CodeBlocks } from "./code-blocks.ts";
import { type Kept, keptAsTheyAre, rowBytes } from "./kept.ts";
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
  { model, notes = {}, kept }: OpenStoreOptions = {},
): Promise<VectorStore> {
  if (model) return new MemoryStore(name, model.space, notes, kept ?? keptAsTheyAre(model.space));
  throw new NearfoldError("bad-argument", "a store in memory is always new", {
    at: name,
    wanted: "the space of the model that fills it",
  });
}

class MemoryStore implements VectorStore, Named<Space> {
  readonly name: string;
  readonly space: Space;
  readonly notes: Payload;
  readonly kept: Kept;
  #rows: Rows;

  constructor(name: string, space: Space, notes: Payload, kept: Kept) {
    this.name = name;
    this.space = space;
    this.notes = notes;
    this.kept = kept;
    this.#rows = noRows(kept);
  }

  async count(): Promise<number> {
    return this.#rows.table.count;
  }

  async add(
    ids: readonly string[],
    vectors: Float32Array,
    { payloads }: { readonly payloads?: readonly Payload[] } = {},
  ): Promise<void> {
    checkRows(ids, vectors, payloads, this);
    const rows = comparable(vectors, this, (row) => `id ${JSON.stringify(ids[row])}`);
    const { search, rescore } = keepVectors(this.kept, rows, this.space.dims);
    const size = rowBytes(this.kept);
    const { codes, finer, table } = this.#rows;
    ids.forEach((id, i) => {
      codes.append(search.codes.subarray(i * size.search, (i + 1) * size.search));
      finer?.append(rescore!.codes.subarray(i * size.rescore!, (i + 1) * size.rescore!));
      this.#rows.payloads.push(payloads?.[i]);
      table.append(id);
    });
    this.#reclaim();
  }

  async get(ids: readonly string[]): Promise<readonly (Stored | undefined)[]> {
    return ids.map((id) => {
      const row = this.#rows.table.rowOf(id);
      return row === undefined ? undefined : this.#stored(row);
    });
  }

  async search(
    queries: Float32Array,
    k: number,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly (readonly StoreHit[])[]> {
    const { codes, finer = codes, table } = this.#rows;
    const scan = new Scan(queries, k, table.count, this);
    for (const block of codes.blocks()) {
      throwIfAborted(signal, "the search");
      scan.block(block.codes, block.rows, block.first, table.isLive);
    }
    const found = await scan.found((rows) => finer.gather(rows));
    return found.map((hits) => hits.map(({ row, score }) => ({ ...this.#stored(row), score })));
  }

  async delete(ids: readonly string[]): Promise<number> {
    const removed = ids.filter((id) => this.#rows.table.remove(id)).length;
    this.#reclaim();
    return removed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#rows = noRows(this.kept);
  }

  #stored(row: number): Stored {
    const payload = this.#rows.payloads[row];
    return { id: this.#rows.table.idOf(row)!, ...(payload && { payload }) };
  }

  /** Frees dead rows once they are more than half, so that replacing again and again takes no more memory. */
  #reclaim(): void {
    const old = this.#rows;
    if (old.table.size <= 2 * old.table.count + blockRows(rowBytes(this.kept).search)) return;
    const rows = noRows(this.kept);
    for (const row of old.table.live()) {
      rows.codes.append(old.codes.row(row));
      rows.finer?.append(old.finer!.row(row));
      rows.payloads.push(old.payloads[row]);
      rows.table.append(old.table.idOf(row)!);
    }
    this.#rows = rows;
  }
}

interface Rows {
  readonly table: RowTable;
  readonly payloads: (Payload | undefined)[];
  readonly codes: CodeBlocks;
  readonly finer?: CodeBlocks;
}

function noRows(kept: Kept): Rows {
  const { search, rescore } = rowBytes(kept);
  return {
    table: new RowTable(),
    payloads: [],
    codes: new CodeBlocks(search),
    ...(rescore && { finer: new CodeBlocks(rescore) }),
  };
}
