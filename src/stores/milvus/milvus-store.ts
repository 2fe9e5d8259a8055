import type { MilvusClient } from "@zilliz/milvus2-sdk-node";
import { type NearfoldError, throwIfAborted } from "../../errors.ts";
import type { Named, Space } from "../../space.ts";
import { checkOptionalFilter, type Filter } from "../filter.ts";
import { type Kept, keptAsTheyAre } from "../kept.ts";
import { byScore, compareText } from "../order.ts";
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
import { MAX_BYTES, MAX_ROWS, requireHits, requireMessage, requireRoom } from "./bounds.ts";
import type { CallOptions, Milvus } from "./client.ts";
import type { IndexRecord } from "./collection.ts";
import { allOf, expressionOf, idsIn, literal } from "./expression.ts";
import { type Coded, decodePayload, encodePayload } from "./payload-code.ts";

const PART = 1000;
/** Queries of one message. */
const QUERIES = 64;
/** What stands for everything where an expression must be. */
const ALL = 'id != ""';
const COUNT = "count(*)";

interface Row {
  readonly id: string;
  readonly payload: Coded;
  readonly vector?: readonly number[];
}
type Hit = Row & { readonly score: number };

export interface MilvusStoreOptions {
  readonly index: string;
  readonly record: IndexRecord;
  readonly milvus: Milvus;
  readonly writes: boolean;
}

export class MilvusStore implements VectorStore, Named<Space> {
  readonly name: string;
  readonly space: Space;
  readonly notes: Payload;
  readonly kept: Kept;
  readonly #index: string;
  readonly #milvus: Milvus;
  readonly #writes: boolean;

  constructor(name: string, { index, record, milvus, writes }: MilvusStoreOptions) {
    this.name = name;
    this.space = record.space;
    this.notes = record.notes;
    this.kept = keptAsTheyAre(record.space);
    this.#index = index;
    this.#milvus = milvus;
    this.#writes = writes;
  }

  async count({ filter }: { readonly filter?: Filter | undefined } = {}): Promise<number> {
    const expr = expressionOfAsked(filter) ?? ALL;
    const query = { collection_name: this.#index, filter: expr, output_fields: [COUNT] };
    const { data } = await this.#call((client) => client.query(query), {
      doing: "to count the rows",
    });
    return Number(data[0]?.[COUNT]);
  }

  async upsert(
    ids: readonly string[],
    vectors: Float32Array,
    { payloads }: { readonly payloads?: readonly Payload[] } = {},
  ): Promise<void> {
    requireWriting(this.#writes, this.name);
    checkRows(ids, vectors, payloads, this);
    const rows = comparable(vectors, this, (row) => `id ${JSON.stringify(ids[row])}`);
    checkTexts(ids, payloads, { name: this.name, maxId: MAX_BYTES });
    if (ids.length === 0) return;
    const { dims } = this.space;
    let bytes = 4 * rows.length;
    const data = ids.map((id, row) => {
      const payload = encodePayload(payloads?.[row]);
      bytes +=
        id.length + requireRoom(payload, `${this.name}, id ${JSON.stringify(id.slice(0, 60))}`);
      const vector = Array.from(rows.subarray(row * dims, (row + 1) * dims));
      const text = payloads?.[row]?.text;
      return { id, vector, payload, text: typeof text === "string" ? text : "" };
    });
    requireMessage(bytes, this.name);
    await this.#call((client) => client.upsert({ collection_name: this.#index, data }), {
      doing: `to put ${ids.length} rows in`,
    });
  }

  async get(
    ids: readonly string[],
    { vectors = false }: Pick<RowsOptions, "vectors"> = {},
  ): Promise<readonly (Stored | undefined)[]> {
    const found = new Map<string, Stored>();
    const asked = [...new Set(ids.filter(isKeepable))];
    for (let at = 0; at < asked.length; at += PART) {
      const part = asked.slice(at, at + PART);
      const rows = await this.#query(idsIn(part), { vectors, limit: part.length });
      for (const row of rows) found.set(row.id, this.#stored(row));
    }
    return ids.map((id) => found.get(id));
  }

  async list(options: PageOptions = {}): Promise<readonly Stored[]> {
    const { after, limit, filter, vectors } = checkPage(options, this.name);
    const rows = await this.#page({ after, limit, filter, vectors });
    return rows.map((row) => this.#stored(row));
  }

  async *rows({
    filter,
    vectors = false,
    payloads = true,
    signal,
  }: RowsOptions & Pick<SearchOptions, "signal"> = {}): AsyncGenerator<Stored> {
    const checked = checkOptionalFilter(filter);
    // The ids of one state first: what is put in later is not among them.
    const ids: string[] = [];
    for (let after: string | undefined; ; after = ids.at(-1)) {
      throwIfAborted(signal, "reading the rows");
      const page = await this.#page({ after, limit: MAX_ROWS, filter: checked, payloads: false });
      ids.push(...page.map(({ id }) => id));
      if (page.length < MAX_ROWS) break;
    }
    if (!payloads && !vectors) {
      for (const id of ids) yield { id };
      return;
    }
    for (let at = 0; at < ids.length; at += PART) {
      throwIfAborted(signal, "reading the rows");
      const part = ids.slice(at, at + PART);
      const found = await this.#query(idsIn(part), { vectors, payloads, limit: part.length });
      for (const row of found) yield this.#stored(row);
    }
  }

  async search(
    queries: Float32Array,
    k: number,
    { filter, offset = 0, signal }: SearchOptions = {},
  ): Promise<readonly (readonly StoreHit[])[]> {
    checkSearch(queries, k, this, offset);
    const { dims } = this.space;
    const rows = comparable(queries, this, (row) => `query ${row}`);
    const found: (readonly StoreHit[])[] = [];
    for (let at = 0; at < rows.length; at += QUERIES * dims) {
      const part = rows.subarray(at, at + QUERIES * dims);
      const data = Array.from({ length: part.length / dims }, (_, i) =>
        Array.from(part.subarray(i * dims, (i + 1) * dims)),
      );
      const wanted = { field: "vector", metric: "IP", k, offset, filter, signal } as const;
      found.push(...(await this.#hits(data, wanted)));
    }
    throwIfAborted(signal, "the search");
    return found;
  }

  async searchText(
    query: string,
    k: number,
    { filter, offset = 0, signal }: SearchOptions = {},
  ): Promise<readonly StoreHit[]> {
    checkWordSearch(k, this, offset);
    const text = query.toWellFormed().replaceAll("\0", " ");
    const wanted = { field: "words", metric: "BM25", k, offset, filter, signal } as const;
    if (text.trim() === "") {
      expressionOfAsked(filter);
      return [];
    }
    return (await this.#hits([text], wanted))[0] ?? [];
  }

  async delete(ids: readonly string[]): Promise<number> {
    requireWriting(this.#writes, this.name);
    const there = (await this.get([...new Set(ids)])).flatMap((row) => (row ? [row.id] : []));
    for (let at = 0; at < there.length; at += PART) {
      const filter = idsIn(there.slice(at, at + PART));
      await this.#call((client) => client.delete({ collection_name: this.#index, filter }), {
        doing: `to delete ${ids.length} rows`,
      });
    }
    return there.length;
  }

  async optimize({ onProgress = () => {}, signal }: OptimizeOptions = {}): Promise<void> {
    requireWriting(this.#writes, this.name);
    const doing = "to build the indexes";
    const collection_name = this.#index;
    await this.#call((client) => client.flushSync({ collection_names: [collection_name] }), {
      ...{ doing, signal },
    });
    onProgress(1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#milvus[Symbol.asyncDispose]();
  }

  /** A server that was started anew may have to be told to load the collection again. */
  async #call<T extends object>(
    work: (client: MilvusClient) => Promise<T>,
    options: CallOptions,
  ): Promise<T> {
    try {
      return await this.#milvus.call(work, options);
    } catch (error) {
      if (!/not.?loaded|'released'/i.test((error as NearfoldError).details?.got ?? "")) throw error;
      const collection_name = this.#index;
      await this.#milvus.call((client) => client.loadCollectionSync({ collection_name }), options);
      return await this.#milvus.call(work, options);
    }
  }

  /** Rows in the order of their ids. */
  async #page({ after, filter, ...what }: Page) {
    const from = after === undefined ? undefined : `id > ${literal(after.toWellFormed())}`;
    const expr = allOf(from, filter && expressionOf(filter)) || ALL;
    const rows = await this.#query(expr, what);
    return rows.toSorted((a, b) => compareText(a.id, b.id));
  }

  /** The rows that an expression holds for, as many as the limit of those with the least ids. */
  async #query(
    filter: string,
    { vectors, payloads = true, limit }: Pick<Page, "vectors" | "payloads" | "limit">,
  ): Promise<readonly Row[]> {
    const fields = ["id", ...(payloads ? ["payload"] : []), ...(vectors ? ["vector"] : [])];
    const query = {
      ...{ collection_name: this.#index, filter, limit, output_fields: fields },
      // In the order of the ids.
      params: { iterator: true },
    };
    const { data } = await this.#call((client) => client.query(query), {
      doing: "to read rows",
    });
    return data as unknown as readonly Row[];
  }

  /** What comes best, ties at the end looked at together, so that the lower ids come first. */
  async #hits(data: readonly (string | number[])[], wanted: Wanted): Promise<StoreHit[][]> {
    const { field, metric, k, offset, filter, signal } = wanted;
    const expr = expressionOfAsked(filter);
    const most = k + offset;
    requireHits(most, this.name);
    for (let limit = Math.min(MAX_ROWS, most + 1); ; limit = Math.min(MAX_ROWS, 4 * limit)) {
      const asked = {
        ...{ collection_name: this.#index, data: data as string[], anns_field: field, limit },
        ...{ metric_type: metric, output_fields: ["id", "payload"] },
        ...(metric === "IP" && { params: { ef: widthOfSearch(limit) } }),
        ...(expr !== undefined && { filter: expr }),
      };
      const answer = await this.#call((client) => client.search(asked), {
        ...{ doing: "the search", signal },
      });
      const lists = listsOf(answer.results as unknown as readonly Hit[] | readonly Hit[][]);
      const tied = (hits: readonly Hit[]) =>
        hits.length === limit && hits[limit - 1].score === hits[most - 1].score;
      if (limit < MAX_ROWS && lists.some(tied)) continue;
      return Array.from(data, (_, i) => {
        const hits = (lists[i] ?? []).map((hit) => ({ ...this.#stored(hit), score: hit.score }));
        return hits.sort(byScore).slice(offset, most);
      });
    }
  }

  #stored({ id, payload, vector }: Row): Stored {
    const decoded = payload && decodePayload(payload);
    return {
      id,
      ...(decoded && { payload: decoded }),
      ...(vector && { vector: Float32Array.from(vector) }),
    };
  }
}

interface Page extends RowsOptions {
  readonly after?: string | undefined;
  readonly limit: number;
}

interface Wanted extends SearchOptions {
  readonly field: "vector" | "words";
  readonly metric: "IP" | "BM25";
  readonly k: number;
  readonly offset: number;
}

/** Candidates of a search in the graph: at least as many as hits. */
function widthOfSearch(wanted: number): number {
  return Math.max(64, 2 * wanted);
}

function expressionOfAsked(filter: Filter | undefined): string | undefined {
  const checked = checkOptionalFilter(filter);
  return checked && expressionOf(checked);
}

/** Of one query the hits come without a list around them. */
function listsOf(results: readonly Hit[] | readonly Hit[][]): readonly (readonly Hit[])[] {
  return results.length === 0 || Array.isArray(results[0])
    ? (results as readonly Hit[][])
    : [results as readonly Hit[]];
}
