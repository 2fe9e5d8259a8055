/** A store in memory: gone with the process. */
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { type Bm25, bm25 } from "../evaluate/bm25.ts";
import type { Named, Space } from "../space.ts";
import { checkFilter, type Filter, meets } from "./filter.ts";
import { type Kept, keptAsTheyAre } from "./kept.ts";
import { byScore, compareText } from "./order.ts";
import { PackedRows, type Scored } from "./packed-rows.ts";
import { checkSearch, checkWordSearch, comparable } from "./scan.ts";
import {
  checkPage,
  checkRows,
  type OpenStoreOptions,
  type PageOptions,
  type Payload,
  type RowsOptions,
  type SearchOptions,
  type Stored,
  type StoreHit,
  type StoreKind,
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

export const memory: StoreKind = {
  about: "in the process, exact; gone with it",
  example: "memory:",
  claims: (reference) => reference.startsWith("memory:"),
  persistent: false,
  formats: true,
  open: openMemoryStore,
};

class MemoryStore implements VectorStore, Named<Space> {
  readonly name: string;
  readonly space: Space;
  readonly notes: Payload;
  readonly kept: Kept;
  #rows: PackedRows;
  #payloads = new Map<string, Payload>();
  /** Of the texts, until they change. */
  #words: Bm25 | undefined;

  constructor(name: string, space: Space, notes: Payload, kept: Kept) {
    this.name = name;
    this.space = space;
    this.notes = notes;
    this.kept = kept;
    this.#rows = new PackedRows(this);
  }

  async count({ filter }: { readonly filter?: Filter | undefined } = {}): Promise<number> {
    const counts = this.#counts(filter);
    return counts ? this.#rows.ids().filter(counts).length : this.#rows.count;
  }

  async upsert(
    ids: readonly string[],
    vectors: Float32Array,
    { payloads }: { readonly payloads?: readonly Payload[] } = {},
  ): Promise<void> {
    checkRows(ids, vectors, payloads, this);
    this.#rows.put(
      ids,
      comparable(vectors, this, (row) => `id ${JSON.stringify(ids[row])}`),
    );
    ids.forEach((id, i) => {
      const payload = payloads?.[i];
      if (payload) this.#payloads.set(id, asJson(payload));
      else this.#payloads.delete(id);
    });
    this.#words = undefined;
  }

  async get(
    ids: readonly string[],
    { vectors = false }: Pick<RowsOptions, "vectors"> = {},
  ): Promise<readonly (Stored | undefined)[]> {
    return ids.map((id) => (this.#rows.has(id) ? this.#stored(id, vectors) : undefined));
  }

  async list(options: PageOptions = {}): Promise<readonly Stored[]> {
    const { after, limit, filter, vectors } = checkPage(options, this.name);
    const counts = this.#counts(filter) ?? (() => true);
    const ids = this.#rows.ids().filter((id) => counts(id));
    const later = after === undefined ? ids : ids.filter((id) => compareText(id, after) > 0);
    const page = later.sort(compareText).slice(0, limit);
    return page.map((id) => this.#stored(id, vectors));
  }

  async *rows({
    filter,
    vectors = false,
    payloads = true,
    signal,
  }: RowsOptions & Pick<SearchOptions, "signal"> = {}): AsyncGenerator<Stored> {
    const counts = this.#counts(filter) ?? (() => true);
    const ids = this.#rows.ids().filter((id) => counts(id));
    for (const stored of ids.map((id) => this.#stored(id, vectors, payloads))) {
      throwIfAborted(signal, "reading the rows");
      yield stored;
    }
  }

  async search(
    queries: Float32Array,
    k: number,
    { filter, offset = 0, signal }: SearchOptions = {},
  ): Promise<readonly (readonly StoreHit[])[]> {
    checkSearch(queries, k, this, offset);
    const counts = this.#counts(filter);
    const asked = comparable(queries, this, (row) => `query ${row}`);
    const found = this.#rows.search(asked, k + offset, { counts, signal });
    return found.map((hits) => hits.slice(offset, offset + k).map((hit) => this.#hit(hit)));
  }

  async searchText(
    query: string,
    k: number,
    { filter, offset = 0, signal }: SearchOptions = {},
  ): Promise<readonly StoreHit[]> {
    checkWordSearch(k, this, offset);
    throwIfAborted(signal, "the search");
    const counts = this.#counts(filter) ?? (() => true);
    this.#words ??= this.#indexWords();
    const found = this.#words?.search(query, this.#rows.count) ?? [];
    const hits = found.filter(({ id }) => counts(id)).sort(byScore);
    return hits.slice(offset, offset + k).map((hit) => this.#hit(hit));
  }

  async delete(ids: readonly string[]): Promise<number> {
    for (const id of ids) this.#payloads.delete(id);
    this.#words = undefined;
    return this.#rows.remove(ids);
  }

  async optimize(): Promise<void> {
    this.#words ??= this.#indexWords();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#rows = new PackedRows(this);
    this.#payloads = new Map();
    this.#words = undefined;
  }

  #counts(filter: Filter | undefined): ((id: string) => boolean) | undefined {
    if (filter === undefined) return undefined;
    const checked = checkFilter(filter);
    return (id) => meets(this.#payloads.get(id), checked);
  }

  #stored(id: string, vectors = false, payloads = true): Stored {
    const payload = payloads ? this.#payloads.get(id) : undefined;
    return { id, ...(payload && { payload }), ...(vectors && { vector: this.#rows.vector(id)! }) };
  }

  #hit({ id, score }: Scored): StoreHit {
    return { ...this.#stored(id), score };
  }

  #indexWords(): Bm25 | undefined {
    const texts = this.#rows.ids().flatMap((id) => {
      const text = this.#payloads.get(id)?.text;
      return typeof text === "string" ? [[id, text] as const] : [];
    });
    return texts.length > 0 ? bm25(texts) : undefined;
  }
}

/** A copy that is as every other store would give it back: -0 is 0, and undefined is absent. */
function asJson(payload: Payload): Payload {
  return JSON.parse(JSON.stringify(payload)) as Payload;
}
