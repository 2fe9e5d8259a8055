import type { Named, Space } from "../space.ts";
import { calibrate, meanOverlap } from "../vectors/index.ts";
import { CodeScan } from "../vectors/scan.ts";
import { comparable } from "./scan.ts";
import type { StoreHit, VectorStore } from "./store.ts";

/** Hits that are compared. */
const K = 10;
/** Queries that are searched at once. */
const PART = 20;

/**
 * What a store finds of what exact search in float32 would: some of its own vectors are the queries, and all of them pass by once, in float32, on
 * their way into the store. Holds the queries and their nearest, whatever the store holds.
 */
export class RecallProbe {
  readonly #asked: readonly string[];
  readonly #queries: Float32Array;
  readonly #scan: CodeScan;
  readonly #model: Named<Space>;
  readonly #ids: string[] = [];

  /** @param vectors of the queries `[Q, D]`, whose ids will pass by too. @throws not-finite */
  constructor(ids: readonly string[], vectors: Float32Array, model: Named<Space>) {
    const { dims, similarity } = model.space;
    const exact = calibrate({ type: "float32", dims }, new Float32Array(0), { similarity });
    this.#asked = ids;
    this.#model = model;
    this.#queries = comparable(vectors, model, (row) => `id ${JSON.stringify(ids[row])}`);
    // One more: each finds itself.
    this.#scan = new CodeScan(this.#queries, dims, K + 1, exact);
  }

  /** How many queries there are. */
  get queries(): number {
    return this.#asked.length;
  }

  /** Vectors `[N, D]` that go into the store, none of them twice. @throws not-finite */
  add(ids: readonly string[], vectors: Float32Array): void {
    const rows = comparable(vectors, this.#model, (row) => `id ${JSON.stringify(ids[row])}`);
    this.#scan.block(new Uint8Array(rows.buffer), ids.length, this.#ids.length, () => true);
    this.#ids.push(...ids);
  }

  /**
   * Recall@10: the mean share of a query's ten nearest that the store's ten hits hold, itself left out.
   * @param onProgress called with the number of queries done
   */
  async measure(
    store: VectorStore,
    onProgress: (queries: number) => void = () => {},
  ): Promise<number> {
    const hits: (readonly StoreHit[])[] = [];
    const step = PART * this.#model.space.dims;
    for (let at = 0; at < this.#queries.length; at += step) {
      hits.push(...(await store.search(this.#queries.subarray(at, at + step), K + 1)));
      onProgress(hits.length);
    }
    const found = hits.map((list) => list.map(({ id }) => id));
    const exact = this.#scan.found().map((list) => list.map(({ row }) => this.#ids[row]));
    const others = (lists: readonly (readonly string[])[]) =>
      lists.map((ids, i) => ids.filter((id) => id !== this.#asked[i]).slice(0, K));
    return meanOverlap(others(exact), others(found));
  }
}
