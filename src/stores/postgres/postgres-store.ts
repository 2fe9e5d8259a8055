import type { PoolClient, QueryConfig } from "pg";
import { throwIfAborted } from "../../errors.ts";
import type { Named, Space } from "../../space.ts";
import { checkOptionalFilter, type Filter } from "../filter.ts";
import { type Kept, keptAsTheyAre } from "../kept.ts";
import { byScore } from "../order.ts";
import { checkSearch, checkWordSearch, comparable } from "../scan.ts";
import { checkTexts, isKeepable } from "../server-texts.ts";
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
import { type Connections, POOL_SIZE } from "./connections.ts";
import { buildGraph, widthOfSearch } from "./graph.ts";
import { halfvecs, parseHalfvec, requireHalves } from "./halfvec.ts";
import { partsOf } from "./parts.ts";
import type { IndexRecord } from "./schema.ts";
import {
  countRows,
  deleteRows,
  MAX_NEAREST,
  nearest,
  rowsAfter,
  rowsById,
  upsertRows,
} from "./statements.ts";
import { rowsByWords } from "./text-search.ts";

/** Bytes of an id: what a page of a B-tree takes of a key. */
const MAX_ID = 2600;
/** Queries that one statement answers. */
const QUERIES = 32;
/** Rows that a cursor brings at once. */
const FETCHED = 500;

interface Row {
  readonly id: string;
  readonly payload: Payload | null;
  readonly vector?: string;
}
type Hit = Row & { readonly query: number; readonly score: number };

export interface PostgresStoreOptions {
  readonly index: string;
  readonly record: IndexRecord;
  readonly connections: Connections;
  /** The number of the type halfvec in this database. */
  readonly halfvec: number;
  readonly writes: boolean;
  /** The least candidates of a search in the graph. */
  readonly candidates: number;
}

export class PostgresStore implements VectorStore, Named<Space> {
  readonly name: string;
  readonly space: Space;
  readonly notes: Payload;
  readonly kept: Kept;
  readonly #index: string;
  readonly #connections: Connections;
  readonly #halfvec: number;
  readonly #writes: boolean;
  readonly #candidates: number;
  /** How widely each connection searches just now. */
  readonly #widths = new WeakMap<PoolClient, number>();

  constructor(name: string, options: PostgresStoreOptions) {
    this.name = name;
    this.space = options.record.space;
    this.notes = options.record.notes;
    this.kept = keptAsTheyAre(this.space);
    this.#index = options.index;
    this.#connections = options.connections;
    this.#halfvec = options.halfvec;
    this.#writes = options.writes;
    this.#candidates = options.candidates;
  }

  async count({ filter }: { readonly filter?: Filter | undefined } = {}): Promise<number> {
    const statement = countRows(this.#index, checkOptionalFilter(filter));
    const [row] = await this.#read<{ count: string }>(statement, "to count the rows");
    return Number(row.count);
  }

  async upsert(
    ids: readonly string[],
    vectors: Float32Array,
    { payloads }: { readonly payloads?: readonly Payload[] } = {},
  ): Promise<void> {
    requireWriting(this.#writes, this.name);
    checkRows(ids, vectors, payloads, this);
    const { dims } = this.space;
    const named = (row: number) => `id ${JSON.stringify(ids[row])}`;
    const rows = comparable(vectors, this, named);
    requireHalves(rows, dims, (row) => `${this.name}, ${named(row)}`);
    const texts = checkTexts(ids, payloads, { name: this.name, maxId: MAX_ID });
    const parts = partsOf(ids, texts, dims);
    if (parts.length === 0) return;
    const doing = `to put ${ids.length} rows in`;
    await this.#connections.transaction(
      async (client) => {
        for (const part of parts) {
          const halves = halfvecs(part.gather(rows), dims, this.#halfvec);
          await client.query(upsertRows(this.#index, part.ids, halves, part.payloads));
        }
      },
      { doing },
    );
  }

  async get(
    ids: readonly string[],
    { vectors = false }: Pick<RowsOptions, "vectors"> = {},
  ): Promise<readonly (Stored | undefined)[]> {
    const statement = rowsById(this.#index, ids.filter(isKeepable), vectors);
    const rows = await this.#read<Row>(statement, `to get ${ids.length} rows`);
    const found = new Map(rows.map((row) => [row.id, toStored(row)]));
    return ids.map((id) => found.get(id));
  }

  async list(options: PageOptions = {}): Promise<readonly Stored[]> {
    const { after, ...page } = checkPage(options, this.name);
    // What no id can be has no place in their order but its beginning's.
    const nul = after?.indexOf("\0") ?? -1;
    const from = nul < 0 ? after?.toWellFormed() : after!.slice(0, nul).toWellFormed();
    const statement = rowsAfter(this.#index, { after: from, limit: page.limit }, page);
    return (await this.#read<Row>(statement, "to list rows")).map(toStored);
  }

  async *rows({
    filter,
    signal,
    ...what
  }: RowsOptions & Pick<SearchOptions, "signal"> = {}): AsyncGenerator<Stored> {
    const doing = "reading the rows";
    const { text, values = [] } = rowsAfter(
      this.#index,
      {},
      { filter: checkOptionalFilter(filter), ...what },
    );
    throwIfAborted(signal, doing);
    const reading = this.#connections.reading<Row>(
      { text, values, at: FETCHED },
      { doing, signal },
    );
    for await (const row of reading) {
      throwIfAborted(signal, doing);
      yield toStored(row);
    }
  }

  async search(
    queries: Float32Array,
    k: number,
    { filter, offset = 0, signal }: SearchOptions = {},
  ): Promise<readonly (readonly StoreHit[])[]> {
    checkSearch(queries, k, this, offset);
    const rows = comparable(queries, this, (row) => `query ${row}`);
    const { dims } = this.space;
    requireHalves(rows, dims, (row) => `${this.name}, query ${row}`);
    const wanted = {
      k,
      offset,
      filter: checkOptionalFilter(filter),
      exact: k + offset > MAX_NEAREST,
    };
    throwIfAborted(signal, "the search");
    const found: StoreHit[][] = [];
    const count = rows.length / dims;
    let next = 0;
    const part = Math.max(1, Math.min(QUERIES, Math.ceil(count / POOL_SIZE)));
    const work = async () => {
      for (let first = next; first < count; first = next) {
        next = first + part;
        const asked = rows.subarray(first * dims, (first + part) * dims);
        (await this.#nearest(asked, wanted, signal)).forEach((hits, i) => {
          found[first + i] = hits;
        });
      }
    };
    await Promise.all(Array.from({ length: Math.min(POOL_SIZE, count) }, work));
    return found.map((hits) => hits.slice(offset));
  }

  async searchText(
    query: string,
    k: number,
    { filter, offset = 0, signal }: SearchOptions = {},
  ): Promise<readonly StoreHit[]> {
    checkWordSearch(k, this, offset);
    const statement = rowsByWords(this.#index, query, {
      k,
      offset,
      filter: checkOptionalFilter(filter),
    });
    throwIfAborted(signal, "the search");
    const rows = await this.#read<Hit>(statement, "the search", signal);
    return rows.map((row) => ({ ...toStored(row), score: row.score }));
  }

  async delete(ids: readonly string[]): Promise<number> {
    requireWriting(this.#writes, this.name);
    const doing = `to delete ${ids.length} rows`;
    const statement = deleteRows(this.#index, ids.filter(isKeepable));
    return await this.#connections.transaction(
      async (client) => (await client.query(statement)).rowCount ?? 0,
      { doing },
    );
  }

  async optimize(options: OptimizeOptions = {}): Promise<void> {
    requireWriting(this.#writes, this.name);
    await buildGraph(this.#connections, { index: this.#index, space: this.space }, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]();
  }

  /** For each query its best `k + offset`; where a filter left the graph with too few, of all rows. */
  async #nearest(
    queries: Float32Array,
    options: Parameters<typeof nearest>[2],
    signal: AbortSignal | undefined,
  ): Promise<StoreHit[][]> {
    const { dims } = this.space;
    const wanted = options.k + options.offset;
    const statement = nearest(this.#index, halfvecs(queries, dims, this.#halfvec), options);
    const rows = await this.#connections.read(
      async (client) => {
        if (!options.exact) await this.#searchAsWidelyAs(client, wanted);
        return (await client.query<Hit>(statement)).rows;
      },
      { doing: "the search", signal },
    );
    const found = Array.from({ length: queries.length / dims }, (): StoreHit[] => []);
    for (const row of rows) found[row.query - 1].push({ ...toStored(row), score: row.score });
    for (const [i, hits] of found.entries()) {
      if (hits.length < wanted && !options.exact) {
        const query = queries.subarray(i * dims, (i + 1) * dims);
        [found[i]] = await this.#nearest(query, { ...options, exact: true }, signal);
      } else hits.sort(byScore);
    }
    return found;
  }

  async #searchAsWidelyAs(client: PoolClient, wanted: number): Promise<void> {
    const width = widthOfSearch(wanted, this.#candidates);
    if (this.#widths.get(client) === width) return;
    await client.query("SELECT set_config('hnsw.ef_search', $1, false)", [String(width)]);
    this.#widths.set(client, width);
  }

  async #read<T extends object>(
    statement: QueryConfig,
    doing: string,
    signal?: AbortSignal,
  ): Promise<readonly T[]> {
    return await this.#connections.read(async (client) => (await client.query<T>(statement)).rows, {
      doing,
      signal,
    });
  }
}

function toStored({ id, payload, vector }: Row): Stored {
  return {
    id,
    ...(payload && { payload }),
    ...(vector !== undefined && { vector: parseHalfvec(vector) }),
  };
}
