/** The derived index of nearest neighbours: a usearch graph in a thread of its own, over unit vectors or dot products. Source: github.com/unum-cloud/usearch. */
import { availableParallelism } from "node:os";
import { openWorkerCalls, type WorkerCalls } from "../../worker-calls.ts";

export interface NearestStart {
  readonly dims: number;
  /** A file to begin with, which was checked. @default none: an empty graph */
  readonly path?: string;
  readonly threads: number;
}

export type NearestRequest =
  | { readonly add: Float32Array; readonly keys: BigUint64Array }
  | { readonly save: string }
  | { readonly queries: Float32Array; readonly k: number };

export type NearestAnswer =
  | { readonly rows: number }
  | { readonly keys: BigUint64Array; readonly counts: BigUint64Array };

/** Closes with `await using`. */
export class Nearest implements AsyncDisposable {
  readonly #calls: WorkerCalls<number, NearestRequest, NearestAnswer>;
  readonly #dims: number;
  #rows: number;

  static async open(dims: number, path?: string): Promise<Nearest> {
    const start: NearestStart = { dims, threads: availableParallelism(), ...(path && { path }) };
    const file = new URL("./nearest-worker", import.meta.url);
    return new Nearest(
      await openWorkerCalls<number, NearestRequest, NearestAnswer>(file, start),
      dims,
    );
  }

  private constructor(calls: WorkerCalls<number, NearestRequest, NearestAnswer>, dims: number) {
    this.#calls = calls;
    this.#dims = dims;
    this.#rows = calls.ready;
  }

  /** Rows in it. */
  get rows(): number {
    return this.#rows;
  }

  /** Takes rows `[N, D]` under keys that it does not have. */
  async add(keys: BigUint64Array, rows: Float32Array): Promise<void> {
    const answer = await this.#calls.call({ add: rows, keys });
    if ("rows" in answer) this.#rows = answer.rows;
  }

  async save(path: string): Promise<void> {
    await this.#calls.call({ save: path });
  }

  /** The keys that are nearest to each of the queries `[Q, D]`, at most `k`, best first; nearly all of those that are. */
  async search(queries: Float32Array, k: number): Promise<readonly BigUint64Array[]> {
    // The binding reads a view's buffer from its beginning.
    const answer = await this.#calls.call({ queries: queries.slice(), k });
    if (!("keys" in answer)) return [];
    const { keys, counts } = answer;
    return Array.from({ length: queries.length / this.#dims }, (_, i) =>
      keys.subarray(i * k, i * k + Number(counts[i])),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls[Symbol.asyncDispose]();
  }
}
