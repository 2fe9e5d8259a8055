/** Where vectors are kept and found again. A store knows a space and no model. */
import { NearfoldError } from "../errors.ts";
import type { Named, Space } from "../space.ts";
import { checkFilter, type Filter } from "./filter.ts";
import type { Kept } from "./kept.ts";
import type { Payload } from "./payload.ts";

export type { Payload } from "./payload.ts";

export interface Stored {
  readonly id: string;
  readonly payload?: Payload;
  /** `[D]`, where it was asked for: as it is kept, so of unit length under cosine, and rounded where the store rounds. */
  readonly vector?: Float32Array;
}

export interface StoreHit extends Stored {
  /** Cosine or dot product with the query as the space says; of a keyword search what the engine gives. */
  readonly score: number;
}

export interface SearchOptions {
  /** Which rows count. @default all */
  readonly filter?: Filter | undefined;
  /** Hits that are left out at the beginning: the pages before. @default 0 */
  readonly offset?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RowsOptions {
  readonly filter?: Filter | undefined;
  /** Whether vectors come with the rows. @default false */
  readonly vectors?: boolean | undefined;
  /** Whether payloads do. @default true */
  readonly payloads?: boolean | undefined;
}

export interface PageOptions extends Omit<RowsOptions, "payloads"> {
  /** The last id of the page before. @default from the beginning */
  readonly after?: string | undefined;
  /** @default 100 */
  readonly limit?: number | undefined;
}

export interface OptimizeOptions {
  /** Called with what is done, 0 to 1, where it can be told. */
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Vectors in, hits out. Every kind passes `test/stores.test.ts`. Closes with `await using`. */
export interface VectorStore extends AsyncDisposable {
  /** For messages: a path, a URL without its password, or what the caller called it. */
  readonly name: string;
  readonly space: Space;
  /** What was recorded when the store was made. */
  readonly notes: Payload;
  /** In which formats its vectors are kept: what a search can know of them. */
  readonly kept: Kept;
  count(options?: { readonly filter?: Filter | undefined }): Promise<number>;
  /**
   * Puts vectors `[N, D]` in, all of them or none; the store keeps a copy of them. An id that is there already is replaced.
   * @throws bad-argument for lists that do not fit or an id given twice; not-finite naming the id
   */
  upsert(
    ids: readonly string[],
    vectors: Float32Array,
    options?: {
      /** One for each id; its `text`, if a string, is what a keyword search reads. @default none */
      readonly payloads?: readonly Payload[];
    },
  ): Promise<void>;
  /** What is kept under each id; undefined where there is nothing. */
  get(
    ids: readonly string[],
    options?: Pick<RowsOptions, "vectors">,
  ): Promise<readonly (Stored | undefined)[]>;
  /** A page of rows in the order of their ids, by code point. */
  list(options?: PageOptions): Promise<readonly Stored[]>;
  /** All rows in one state of the store, whatever is written meanwhile, in any order. */
  rows(options?: RowsOptions & Pick<SearchOptions, "signal">): AsyncIterable<Stored>;
  /**
   * The `k` nearest to each of the queries `[Q, D]`, best first; of equal scores the lower id comes first.
   * @throws bad-argument for a `k` below 1, an `offset` below 0 or a length that is no multiple of D; not-finite naming the query
   */
  search(
    queries: Float32Array,
    k: number,
    options?: SearchOptions,
  ): Promise<readonly (readonly StoreHit[])[]>;
  /** The `k` rows whose `text` answers the words of a query best (BM25, or what the engine has); none where no word is found. @throws bad-argument as `search` */
  searchText(query: string, k: number, options?: SearchOptions): Promise<readonly StoreHit[]>;
  /** Takes ids out and says how many were there. */
  delete(ids: readonly string[]): Promise<number>;
  /** Brings what is derived from the rows up to date: indexes of nearest neighbours and of words. Searches are right without it. */
  optimize(options?: OptimizeOptions): Promise<void>;
}

export interface OpenStoreOptions {
  /** Whose vectors they are: recorded by a new store, compared with what an old one recorded. @default as recorded */
  readonly model?: Named<Space>;
  /** Reading changes nothing on disk and needs no lock. @default "write" */
  readonly access?: "read" | "write";
  /** Recorded by a new store. @default {} */
  readonly notes?: Payload;
  /** How a new store keeps vectors, calibrated on a sample of them; compared with how an old one does. @default float32, or as recorded */
  readonly kept?: Kept;
}

/** A kind of store: an entry of the registry. */
export interface StoreKind {
  /** One line for people. */
  readonly about: string;
  /** What a reference to it looks like, for messages. */
  readonly example: string;
  /** Whether a reference is one of this kind; the first kind that says so opens it. */
  readonly claims: (reference: string) => boolean;
  /** Whether another process finds the vectors again. */
  readonly persistent: boolean;
  /** Whether it keeps vectors in any format; others keep numbers alone. */
  readonly formats: boolean;
  /**
   * Opens what is at `reference`, or makes it where there is nothing and `model` is given.
   * @throws not-found; mismatch when it holds vectors of another space or in another format; bad-input when it is damaged
   */
  readonly open: (reference: string, options?: OpenStoreOptions) => Promise<VectorStore>;
}

/** @throws bad-argument unless there are ids, all different, with a payload for each or none; too-large for a payload of more than 16 MiB */
export function checkRows(
  ids: readonly string[],
  vectors: Float32Array,
  payloads: readonly Payload[] | undefined,
  { name, space }: Named<Space>,
): void {
  if (vectors.length !== ids.length * space.dims || (payloads && payloads.length !== ids.length)) {
    throw new NearfoldError("bad-argument", "ids, vectors and payloads do not fit", {
      at: name,
      got: `${ids.length} ids, ${vectors.length} numbers, ${payloads?.length ?? "no"} payloads`,
      wanted: `${space.dims} numbers and one payload for each id`,
    });
  }
  for (const [i, payload] of (payloads ?? []).entries()) checkPayload(payload, ids[i], name);
  const seen = new Set<string>();
  for (const id of ids) {
    if (id !== "" && !seen.has(id)) seen.add(id);
    else {
      throw new NearfoldError(
        "bad-argument",
        id === "" ? "an id is empty" : "an id is given twice",
        {
          at: name,
          got: JSON.stringify(id.slice(0, 60)),
        },
      );
    }
  }
}

/** @throws bad-argument for a store that was opened for reading */
export function requireWriting(writes: boolean, at: string): void {
  if (writes) return;
  const hint = "Open it for writing";
  throw new NearfoldError("bad-argument", "the index is open for reading", { at, hint });
}

/** Characters of a payload as JSON. */
const MAX_PAYLOAD = 16 * 2 ** 20;

/** @throws too-large; bad-argument for what JSON can't hold */
function checkPayload(payload: Payload, id: string, store: string): void {
  const at = `${store}, id ${JSON.stringify(id.slice(0, 60))}`;
  let length: number;
  try {
    ({ length } = JSON.stringify(payload));
  } catch (cause) {
    throw new NearfoldError("bad-argument", "a payload is not JSON", { at, cause });
  }
  if (length <= MAX_PAYLOAD) return;
  const [got, wanted] = [`${length} characters`, `at most ${MAX_PAYLOAD}`];
  throw new NearfoldError("too-large", "a payload is too long", { at, got, wanted });
}

/** @throws bad-argument for a limit below 1 or above 10,000, or what is no filter */
export function checkPage(
  { after, limit = 100, filter, vectors = false }: PageOptions,
  at: string,
): { after?: string; limit: number; filter?: Filter; vectors: boolean } {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 10_000) {
    const [got, wanted] = [String(limit), "1 to 10,000"];
    throw new NearfoldError("bad-argument", "not the length of a page", { at, got, wanted });
  }
  return {
    ...(after !== undefined && { after }),
    limit,
    ...(filter !== undefined && { filter: checkFilter(filter) }),
    vectors,
  };
}
