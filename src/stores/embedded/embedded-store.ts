import type { Table } from "@lancedb/lancedb";
import { throwIfAborted } from "../../errors.ts";
import type { Named, Space } from "../../space.ts";
import { checkOptionalFilter, type Filter } from "../filter.ts";
import { isAsTheyAre, type Kept } from "../kept.ts";
import { PackedRows } from "../packed-rows.ts";
import { checkSearch, checkWordSearch, comparable } from "../scan.ts";
import {
  checkPage,
  checkRows,
  type OptimizeOptions,
  type PageOptions,
  type Payload,
  type RowsOptions,
  requireWriting,
  type SearchOptions,
  type Stored,
  type StoreHit,
  type VectorStore,
} from "../store.ts";
import { batchOf, columnsRead } from "./columns.ts";
import { Commits } from "./commits.ts";
import { named } from "./lance-table.ts";
import { Neighbours } from "./neighbours.ts";
import type { StoreRecord } from "./record.ts";
import { RowsReader, type Scanning } from "./rows-reader.ts";
import { idsIn, quoted, whereOf } from "./where.ts";

/** Ids that are taken out at once. */
const IDS = 2000;

/** Vectors in other formats than float32 are searched in memory, by the same loop as a store in memory; the rest is LanceDB's. */
export class EmbeddedStore implements VectorStore, Named<Space> {
  readonly name: string;
  readonly #table: Table;
  readonly #commits: Commits;
  readonly #rows: RowsReader;
  readonly #neighbours: Neighbours;
  readonly #writes: boolean;
  readonly #closing: AsyncDisposableStack;
  /** All codes, once they were needed. */
  #packed: Promise<PackedRows> | undefined;
  /** What is there, where this process writes. */
  #ids: Promise<Set<string>> | undefined;

  constructor(
    folder: string,
    record: StoreRecord,
    table: Table,
    { writes, closing }: { readonly writes: boolean; readonly closing: AsyncDisposableStack },
  ) {
    this.name = folder;
    this.#table = table;
    this.#commits = new Commits(folder, table, record);
    this.#rows = new RowsReader(folder, table, record);
    this.#neighbours = new Neighbours(folder, record.space.dims, this.#rows, this.#commits);
    this.#writes = writes;
    this.#closing = closing;
  }

  get space(): Space {
    return this.#commits.record.space;
  }

  get notes(): Payload {
    return this.#commits.record.notes;
  }

  get kept(): Kept {
    return this.#commits.record.kept;
  }

  async count({ filter }: { readonly filter?: Filter | undefined } = {}): Promise<number> {
    return await this.#rows.count(conditionOf(filter));
  }

  async upsert(
    ids: readonly string[],
    vectors: Float32Array,
    { payloads }: { readonly payloads?: readonly Payload[] } = {},
  ): Promise<void> {
    checkRows(ids, vectors, payloads, this);
    const rows = comparable(vectors, this, (row) => `id ${JSON.stringify(ids[row])}`);
    if (ids.length === 0) return;
    const batch = batchOf(this, ids, rows, payloads);
    await this.#change(async () => {
      const there = await this.#idsThere();
      await this.#remove(ids.filter((id) => there.has(id)));
      await this.#table.add(batch);
      await this.#commits.commit();
      for (const id of ids) there.add(id);
      (await this.#packed)?.put(ids, rows);
    });
  }

  async get(
    ids: readonly string[],
    options: Pick<RowsOptions, "vectors"> = {},
  ): Promise<readonly (Stored | undefined)[]> {
    const known = this.#writes ? await this.#idsThere() : undefined;
    const asked = known ? ids.filter((id) => known.has(id)) : ids;
    const found = await this.#rows.byIds(asked, options);
    return ids.map((id) => found.get(id));
  }

  async list(options: PageOptions = {}): Promise<readonly Stored[]> {
    const { after, limit, filter, vectors } = checkPage(options, this.name);
    const conditions = [
      ...(after === undefined ? [] : [`id > ${quoted(after)}`]),
      ...(filter ? [whereOf(filter)] : []),
    ];
    const condition = conditions.length > 0 ? conditions.join(" AND ") : undefined;
    return await this.#rows.page(condition, limit, vectors);
  }

  async *rows({
    filter,
    signal,
    ...what
  }: RowsOptions & Pick<SearchOptions, "signal"> = {}): AsyncGenerator<Stored> {
    for await (const part of this.#rows.parts(conditionOf(filter), columnsRead(this, what))) {
      throwIfAborted(signal, "reading the rows");
      for (const row of part) yield this.#rows.stored(row);
    }
  }

  async search(
    queries: Float32Array,
    k: number,
    { filter, offset = 0, signal }: SearchOptions = {},
  ): Promise<readonly (readonly StoreHit[])[]> {
    checkSearch(queries, k, this, offset);
    const asked = comparable(queries, this, (row) => `query ${row}`);
    throwIfAborted(signal, "the search");
    const scanning = { condition: conditionOf(filter), signal };
    const found = await named(this.name, () => this.#find(asked, offset + k, scanning));
    return found.map((hits) => hits.slice(offset, offset + k));
  }

  async searchText(
    query: string,
    k: number,
    { filter, offset = 0, signal }: SearchOptions = {},
  ): Promise<readonly StoreHit[]> {
    checkWordSearch(k, this, offset);
    throwIfAborted(signal, "the search");
    const condition = conditionOf(filter);
    const hits = await this.#rows.worded(query, offset + k, { condition });
    return hits.slice(offset);
  }

  async delete(ids: readonly string[]): Promise<number> {
    return await this.#change(async () => {
      const there = await this.#idsThere();
      const gone = [...new Set(ids)].filter((id) => there.has(id));
      if (gone.length === 0) return 0;
      await this.#remove(gone);
      await this.#commits.commit();
      for (const id of gone) there.delete(id);
      (await this.#packed)?.remove(gone);
      return gone.length;
    });
  }

  async optimize(options: OptimizeOptions = {}): Promise<void> {
    await this.#change(async () => {
      await this.#commits.compact();
      if (isAsTheyAre(this.kept, this.space)) await this.#neighbours.refresh(options);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commits.settled();
    await this.#neighbours[Symbol.asyncDispose]();
    this.#table.close();
    await this.#closing.disposeAsync();
  }

  /** For each of the queries `[Q, D]` its `k` nearest. */
  async #find(queries: Float32Array, k: number, scanning: Scanning): Promise<StoreHit[][]> {
    if (!isAsTheyAre(this.kept, this.space)) return await this.#findPacked(queries, k, scanning);
    const byGraph = this.#neighbours.there && scanning.condition === undefined;
    if (byGraph) return await this.#neighbours.search(queries, k);
    return await this.#rows.nearest(queries, k, scanning);
  }

  async #findPacked(
    queries: Float32Array,
    k: number,
    { condition, signal }: Scanning,
  ): Promise<StoreHit[][]> {
    const packed = await this.#packedRows();
    const counted = condition === undefined ? undefined : await this.#readIds(condition);
    const counts = counted && ((id: string) => counted.has(id));
    const found = packed.search(queries, k, { counts, signal });
    const ids = [...new Set(found.flatMap((hits) => hits.map(({ id }) => id)))];
    const stored = await this.#rows.byIds(ids);
    return found.map((hits) => hits.map((hit) => ({ ...stored.get(hit.id), ...hit })));
  }

  /** A reading that failed is tried again by the next who asks. */
  async #packedRows(): Promise<PackedRows> {
    this.#packed ??= this.#readPacked();
    return await this.#packed.catch((error: unknown) => {
      this.#packed = undefined;
      throw error;
    });
  }

  async #readPacked(): Promise<PackedRows> {
    const packed = new PackedRows(this);
    const columns = columnsRead(this, { vectors: true, payloads: false });
    for await (const part of this.#rows.parts(undefined, columns)) {
      for (const { id, codes, finer } of part) packed.putCodes([id], codes!, finer);
    }
    return packed;
  }

  async #readIds(condition?: string): Promise<Set<string>> {
    const ids = new Set<string>();
    for await (const part of this.#rows.parts(condition, ["id"])) {
      for (const { id } of part) ids.add(id);
    }
    return ids;
  }

  async #idsThere(): Promise<Set<string>> {
    this.#ids ??= this.#readIds();
    return await this.#ids.catch((error: unknown) => {
      this.#ids = undefined;
      throw error;
    });
  }

  /** Takes ids out of the table, not yet of the record. */
  async #remove(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += IDS) {
      await this.#table.delete(idsIn(ids.slice(at, at + IDS)));
    }
  }

  async #change<T>(work: () => Promise<T>): Promise<T> {
    requireWriting(this.#writes, this.name);
    return await this.#commits.alone(work, () => {
      this.#ids = undefined;
      this.#packed = undefined;
    });
  }
}

function conditionOf(filter: Filter | undefined): string | undefined {
  const checked = checkOptionalFilter(filter);
  return checked && whereOf(checked);
}
