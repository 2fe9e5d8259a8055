/** Reading the rows of a Lance table. */
import type { Query, Table, VectorQuery } from "@lancedb/lancedb";
import { throwIfAborted } from "../../errors.ts";
import { byScore } from "../order.ts";
import type { RowsOptions, Stored, StoreHit } from "../store.ts";
import { type Columns, columnsRead, type LanceRow, storedOf } from "./columns.ts";
import { matchQuery, named } from "./lance-table.ts";
import { Taken } from "./taken.ts";
import { idsIn } from "./where.ts";

/** Ids in one condition. */
const IDS = 2000;
/** Searches that LanceDB does at once. */
const AT_ONCE = 8;

export interface Scanning {
  readonly condition?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class RowsReader {
  readonly #name: string;
  readonly #table: Table;
  readonly #columns: Columns;

  /** @param name of the index, for messages */
  constructor(name: string, table: Table, columns: Columns) {
    this.#name = name;
    this.#table = table;
    this.#columns = columns;
  }

  async count(condition?: string): Promise<number> {
    return await named(this.#name, () => this.#table.countRows(condition));
  }

  async byIds(
    ids: readonly string[],
    { vectors = false }: Pick<RowsOptions, "vectors"> = {},
  ): Promise<ReadonlyMap<string, Stored>> {
    const found = new Map<string, Stored>();
    for (let at = 0; at < ids.length; at += IDS) {
      const query = this.#table.query().where(idsIn(ids.slice(at, at + IDS)));
      for (const row of await this.#read(query, { vectors })) found.set(row.id, this.stored(row));
    }
    return found;
  }

  /** By the numbers that Lance gives rows; those that are gone are left out. */
  async byRowIds(keys: readonly bigint[]): Promise<Taken> {
    const query = this.#table.takeRowIds(keys).withRowId();
    return new Taken(
      await query.select(columnsRead(this.#columns, { vectors: true })).toArrow(),
      this.#columns,
    );
  }

  /** In the order of the ids. */
  async page(condition: string | undefined, limit: number, vectors: boolean) {
    const query = this.#table.query();
    if (condition !== undefined) query.where(condition);
    query.orderBy({ columnName: "id", ascending: true, nullsFirst: false }).limit(limit);
    return (await this.#read(query, { vectors })).map((row) => this.stored(row));
  }

  /** All rows that meet a condition in the state of the call, some thousand at a time. */
  async *parts(
    condition: string | undefined,
    columns: readonly string[],
  ): AsyncGenerator<readonly LanceRow[]> {
    const query = this.#table
      .query()
      .select([...columns])
      .withRowId();
    if (condition !== undefined) query.where(condition);
    const batches = query[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await named(this.#name, () => batches.next());
      if (done) return;
      yield value.toArray() as unknown as LanceRow[];
    }
  }

  /** For each of the queries `[Q, D]`, of unit length under cosine, a look at every row that meets a condition. */
  async nearest(
    queries: Float32Array,
    k: number,
    { condition, signal }: Scanning = {},
  ): Promise<StoreHit[][]> {
    const out: StoreHit[][] = [];
    const { dims } = this.#columns.space;
    const asked = Array.from({ length: queries.length / dims }, (_, i) =>
      queries.slice(i * dims, (i + 1) * dims),
    );
    for (let at = 0; at < asked.length; at += AT_ONCE) {
      throwIfAborted(signal, "the search");
      const some = asked.slice(at, at + AT_ONCE);
      out.push(...(await Promise.all(some.map((query) => this.#nearest(query, k, condition)))));
    }
    return out;
  }

  /** The rows whose texts hold words of a query, by BM25. */
  async worded(text: string, k: number, { condition }: Scanning = {}): Promise<StoreHit[]> {
    const query = this.#table
      .query()
      .fullTextSearch(await matchQuery(text))
      .limit(k);
    if (condition !== undefined) query.where(condition);
    const rows = await this.#read(query, { more: ["_score"] });
    return rows.map((row) => ({ ...this.stored(row), score: row._score ?? 0 })).sort(byScore);
  }

  stored(row: LanceRow): Stored {
    return storedOf(row, this.#columns);
  }

  async #nearest(query: Float32Array, k: number, condition?: string): Promise<StoreHit[]> {
    const search = this.#table.query().nearestTo(query).distanceType("dot").limit(k);
    if (condition !== undefined) search.where(condition);
    const rows = await this.#read(search.bypassVectorIndex(), { more: ["_distance"] });
    // Its distance is 1 − product.
    return rows
      .map((row) => ({ ...this.stored(row), score: 1 - (row._distance ?? 1) }))
      .sort(byScore);
  }

  async #read(
    query: Query | VectorQuery,
    { vectors = false, more = [] }: { vectors?: boolean; more?: readonly string[] } = {},
  ): Promise<LanceRow[]> {
    const columns = [...columnsRead(this.#columns, { vectors }), ...more];
    return await named(
      this.#name,
      async () => (await query.select(columns).toArray()) as LanceRow[],
    );
  }
}
