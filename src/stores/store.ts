/** Where vectors are kept and found again. A store knows a space and no model. */
import { NearfoldError } from "../errors.ts";
import type { Named, Space } from "../space.ts";
import type { Kept } from "./kept.ts";

/** What is kept beside a vector; it comes back with each hit. JSON values. */
export type Payload = Readonly<Record<string, unknown>>;

export interface Stored {
  readonly id: string;
  readonly payload?: Payload;
}

export interface StoreHit extends Stored {
  /** Cosine or dot product with the query, as the space says. */
  readonly score: number;
}

/** Vectors in, hits out. Every kind passes `test/stores.test.ts`. Closes with `await using`. */
export interface VectorStore extends AsyncDisposable {
  /** For messages: a path, or what the caller called it. */
  readonly name: string;
  readonly space: Space;
  /** What was recorded when the store was made. */
  readonly notes: Payload;
  /** In which formats its vectors are kept: what a search can know of them. */
  readonly kept: Kept;
  count(): Promise<number>;
  /**
   * Puts vectors `[N, D]` in, all of them or none; the store keeps a copy of them. An id that is there already is
   * replaced, and stands last in the order of insertion.
   * @throws bad-argument for lists that do not fit or an id given twice; not-finite naming the id
   */
  add(
    ids: readonly string[],
    vectors: Float32Array,
    options?: { /** One for each id. @default none */ readonly payloads?: readonly Payload[] },
  ): Promise<void>;
  /** What is kept under each id; undefined where there is nothing. */
  get(ids: readonly string[]): Promise<readonly (Stored | undefined)[]>;
  /**
   * The `k` nearest to each of the queries `[Q, D]`, best first; equal scores in the order of insertion.
   * @throws bad-argument for a `k` below 1 or a length that is no multiple of D; not-finite naming the query
   */
  search(
    queries: Float32Array,
    k: number,
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly (readonly StoreHit[])[]>;
  /** Takes ids out and says how many were there. */
  delete(ids: readonly string[]): Promise<number>;
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
  /** Whether another process finds the vectors again. */
  readonly persistent: boolean;
  /**
   * Opens what is at `path`, or makes it where there is nothing and `model` is given.
   * @throws not-found; mismatch when it holds vectors of another space or in another format; bad-input when it is damaged
   */
  readonly open: (path: string, options?: OpenStoreOptions) => Promise<VectorStore>;
}

/** @throws bad-argument unless there are ids, all different, with a payload for each or none. */
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
