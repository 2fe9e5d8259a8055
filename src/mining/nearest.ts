/** Exact search the other way round: the queries stay, the texts pass by. */
import { normalizeText } from "../data/normalize.ts";
import { graphOf, input } from "../graph/node.ts";
import { matmul } from "../graph/ops/index.ts";
import { encodeModel } from "../onnx/encode.ts";
import { openSession, type Session } from "../runtime/session.ts";
import type { Named, Space } from "../space.ts";
import { comparable } from "../stores/scan.ts";
import { floats } from "../tensor/tensor.ts";
import { TopK } from "../tensor/top-k.ts";
import type { Candidate } from "./select.ts";

/** Queries that are compared with a part of the stream at once: bounds the scores in memory. */
const BLOCK = 1024;
/** Texts that may be held beyond twice those that are among a query's best. */
const SLACK = 4096;

interface Held {
  readonly text: string;
  /** Texts of one key are the same. */
  readonly key: string;
}

/**
 * The `k` nearest to each query of all texts added so far, each text once (`normalizeText`), as it is spelt where it is nearest. Vectors and texts that are nobody's best are let go: memory grows with queries and
 * `k`, not with the stream. Closes with `await using`.
 */
export class Nearest implements AsyncDisposable {
  readonly #queries: Float32Array;
  readonly #model: Named<Space>;
  readonly #session: Session;
  readonly #best: readonly TopK[];
  /** By number in the stream. */
  readonly #texts = new Map<number, Held>();
  /** Of the texts that are held. */
  #keys = new Set<string>();
  #count = 0;
  /** Prune when more texts are held. */
  #limit = SLACK;

  private constructor(queries: Float32Array, k: number, model: Named<Space>, session: Session) {
    this.#queries = queries;
    this.#model = model;
    this.#session = session;
    const { dims } = model.space;
    this.#best = Array.from({ length: queries.length / dims }, () => new TopK(k));
  }

  /** @param queries `[Q, D]` of the model's space */
  static async open(queries: Float32Array, k: number, model: Named<Space>): Promise<Nearest> {
    const { dims } = model.space;
    const rows = comparable(queries, model, (row) => `query ${row}`);
    const [q, t] = [
      input("queries", "float32", ["Q", dims]),
      input("texts", "float32", ["N", dims]),
    ];
    const { bytes } = encodeModel(graphOf({ scores: matmul(q, t, { transB: true }) }));
    return new Nearest(rows, k, model, await openSession(bytes, { memoryPattern: false }));
  }

  /** Texts in memory. */
  get held(): number {
    return this.#texts.size;
  }

  /** Takes texts and their vectors `[N, D]` in. @throws not-finite */
  async add(texts: readonly string[], vectors: Float32Array): Promise<void> {
    const { dims } = this.#model.space;
    const first = this.#count;
    this.#count += texts.length;
    const rows = comparable(vectors, this.#model, (row) => `text ${first + row}`);
    const part = texts.map((text): Held => ({ text, key: normalizeText(text) }));
    const twin = this.#twinOf(part, first);
    const taken = new Uint8Array(texts.length);
    for (let start = 0; start < this.#best.length; start += BLOCK) {
      const best = this.#best.slice(start, start + BLOCK);
      const queries = this.#queries.subarray(start * dims, (start + best.length) * dims);
      const { scores } = await this.#session.run({
        queries: floats(queries, [best.length, dims]),
        texts: floats(rows, [texts.length, dims]),
      });
      keepBest(best, scores.data as Float32Array, { first, taken, twin });
    }
    part.forEach((text, i) => {
      if (taken[i] === 0) return;
      this.#texts.set(first + i, text);
      this.#keys.add(text.key);
    });
    if (this.#texts.size > this.#limit) this.#prune();
  }

  /** What is nearest to a query, best first; of equal scores what came first. */
  found(query: number): readonly Candidate[] {
    return this.#best[query]
      .sorted()
      .map(({ row, score }) => ({ text: this.#texts.get(row)!.text, score }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  /** Looks for a text's twin among what is kept; most have none, and cost a look into a set. */
  #twinOf(part: readonly Held[], first: number): Part["twin"] {
    const seen = new Set<string>();
    const repeated = part.map(({ key }) => {
      const before = seen.has(key) || this.#keys.has(key);
      seen.add(key);
      return before;
    });
    const keyOf = (row: number) => (part[row - first] ?? this.#texts.get(row)).key;
    return (kept, row) => {
      if (!repeated[row - first]) return -1;
      const key = keyOf(row);
      return kept.rows().findIndex((other) => keyOf(other) === key);
    };
  }

  #prune(): void {
    const alive = new Set<number>();
    for (const best of this.#best) for (const row of best.rows()) alive.add(row);
    for (const row of this.#texts.keys()) if (!alive.has(row)) this.#texts.delete(row);
    this.#keys = new Set(this.#texts.values().map(({ key }) => key));
    this.#limit = 2 * alive.size + SLACK;
  }
}

/** A part of the stream. */
interface Part {
  readonly first: number;
  /** Set to 1 where somebody keeps a text. */
  readonly taken: Uint8Array;
  /** Where the same text is kept, or -1. */
  readonly twin: (kept: TopK, row: number) => number;
}

/** Offers each query its scores `[Q, N]` with a part's texts. */
function keepBest(best: readonly TopK[], scores: Float32Array, { first, taken, twin }: Part): void {
  const count = taken.length;
  best.forEach((kept, query) => {
    for (let i = 0; i < count; i++) {
      const score = scores[query * count + i];
      const row = first + i;
      if (!kept.takes(score, row)) continue;
      const at = twin(kept, row);
      if (at < 0) kept.push(score, row);
      else kept.replace(at, score, row);
      taken[i] = 1;
    }
  });
}
