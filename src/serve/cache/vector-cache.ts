/** Vectors that were computed lately, and those that are being computed: a text is asked of a model once. */
import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { NearfoldError } from "../../errors.ts";
import {
  type Computed,
  classify,
  type EmbedRequest,
  guessTokens,
  type Input,
  type RunFacts,
} from "../embed-request.ts";
import type { Priority } from "../queue/waiting.ts";
import { waitFor } from "./wait-for.ts";

/** What is kept of an input. */
interface Row {
  /** Of full width; shared, and not to be written to. */
  readonly vector: Float32Array;
  readonly tokens: number;
  readonly truncated: boolean;
}

/** A row that a request has begun to compute. */
interface Flight {
  readonly priority: Priority;
  readonly row: Promise<Row>;
}

/** An input, and all places of a request where it stands. */
interface Wanted {
  readonly key: string;
  readonly input: Input;
  readonly places: readonly number[];
}

export interface CacheCounts {
  /** Inputs that the cache had. */
  readonly hits: number;
  /** Those that another request, or another place of the same one, had computed just then. */
  readonly shared: number;
  /** Those that went through a model. */
  readonly misses: number;
}

export interface CacheUse {
  /** Inputs that did not go through a model for this request. */
  readonly cached: number;
  /** Tokens that did. */
  readonly ranTokens: number;
}

export interface RowsRequest {
  readonly request: EmbedRequest;
  /** What a vector depends on beside the text: the space, and how the text is put to the model. */
  readonly kind: string;
  /** The most tokens that an input may have. */
  readonly maxTokens: number;
  /** On the clock of `performance.now`. */
  readonly deadline: number;
  /** Computes some of the inputs. */
  readonly compute: (request: EmbedRequest) => Promise<Computed>;
}

/** Bytes of an entry beside its vector: its key, and what holds the two. Measured: of 100,000 entries of 384 dimensions each takes 1,991. */
const ENTRY_BYTES = 456;
/** Faults that concern whoever has the same text; all others are those of the request that computed it. */
const SHARED_FAULTS = new Set(["io", "bug", "not-finite"]);
const NO_TIMES: RunFacts["times"] = { tokenize: 0, queue: 0, run: 0 };

/** Bounded in bytes; what was not asked for longest goes first. */
export class VectorCache {
  readonly #rows: LRUCache<string, Row>;
  readonly #flights = new Map<string, Flight>();
  #counts = { hits: 0, shared: 0, misses: 0 };

  constructor({ maxBytes }: { readonly maxBytes: number }) {
    this.#rows = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ vector }) => vector.byteLength + ENTRY_BYTES,
    });
  }

  get counts(): CacheCounts {
    return { ...this.#counts };
  }

  get entries(): number {
    return this.#rows.size;
  }

  get bytes(): number {
    return this.#rows.calculatedSize;
  }

  /**
   * Rows of a request's inputs: those that are there, those that another request has under way, and of the rest what `compute` gives. Where that other request
   * fails for a reason of its own (its client went away, its time was up), whoever waited for it asks again.
   * @throws as `compute`; aborted; timeout
   */
  async rowsOf(wanted: RowsRequest): Promise<Computed & CacheUse> {
    const { request, deadline } = wanted;
    const found = new Array<Row>(request.inputs.length);
    const priority = priorityOf(request, request.inputs, wanted.maxTokens);
    let run: RunFacts = { priority, batches: 0, batchTokens: 0, times: NO_TIMES };
    let [cached, ranTokens] = [request.inputs.length, 0];
    const put = ({ places }: Wanted, row: Row) => {
      for (const place of places) found[place] = row;
    };
    let left = distinct(request.inputs, wanted.kind);
    while (left.length > 0) {
      const { hits, joined, own } = this.#sort(left, wanted);
      for (const [each, row] of hits) put(each, row);
      const computing = own.length > 0 ? this.#compute(own, wanted) : undefined;
      const start = performance.now();
      const [computed, ...settled] = await Promise.all([
        computing,
        ...joined.map(async ([each, { row }]) => {
          const { signal } = request;
          const waiting = { timeoutMs: deadline - start, ...(signal && { signal }) };
          return [each, await waitFor(row, waiting).catch(toFault)] as const;
        }),
      ]);
      if (computed) {
        own.forEach((each, i) => {
          put(each, computed.rows[i]);
        });
        run = computed.run;
        cached -= own.length;
        ranTokens += computed.rows.reduce((sum, { tokens }) => sum + tokens, 0);
      }
      left = settled.flatMap(([each, row]) => {
        if (row instanceof NearfoldError) {
          requireOther(row, request, deadline);
          return [each];
        }
        put(each, row);
        return mayTake(row, request) ? [] : [each];
      });
    }
    return { ...joinRows(found), ...run, cached, ranTokens };
  }

  /** What is there, what is under way, and what is to be computed, which is under way from now on. */
  #sort(all: readonly Wanted[], { request, maxTokens }: RowsRequest) {
    const priority = priorityOf(request, request.inputs, maxTokens);
    const hits: [Wanted, Row][] = [];
    const joined: [Wanted, Flight][] = [];
    const own: Wanted[] = [];
    for (const each of all) {
      const { key, places } = each;
      const row = this.#rows.get(key);
      const flight = this.#flights.get(key);
      if (row && mayTake(row, request)) {
        hits.push([each, row]);
        this.#counts.hits += places.length;
        // A query does not wait for documents.
      } else if (!row && flight && (priority === "bulk" || flight.priority === "interactive")) {
        joined.push([each, flight]);
        this.#counts.shared += places.length;
      } else {
        own.push(each);
        this.#counts.misses++;
        this.#counts.shared += places.length - 1;
      }
    }
    return { hits, joined, own };
  }

  async #compute(own: readonly Wanted[], { request, compute, maxTokens }: RowsRequest) {
    const inputs = own.map(({ input }) => input);
    const priority = priorityOf(request, inputs, maxTokens);
    const flights = own.map(({ key }) => {
      const done = Promise.withResolvers<Row>();
      // Nobody may be waiting for it.
      done.promise.catch(() => {});
      const flight: Flight = { priority, row: done.promise };
      this.#flights.set(key, flight);
      return { key, flight, done };
    });
    try {
      const places = own.map((each) => request.places?.[each.places[0]] ?? each.places[0]);
      const isWhole = request.inputs.length === 1 && request.places === undefined;
      const computed = await compute({ ...request, inputs, ...(!isWhole && { places }) });
      const rows = rowsFrom(computed);
      flights.forEach(({ key, done }, i) => {
        if (rows[i].vector.every(Number.isFinite)) this.#rows.set(key, rows[i]);
        done.resolve(rows[i]);
      });
      const { priority: ran, batches, batchTokens, times } = computed;
      return { rows, run: { priority: ran, batches, batchTokens, times } };
    } catch (error) {
      for (const { done } of flights) done.reject(error);
      throw error;
    } finally {
      for (const { key, flight } of flights) {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      }
    }
  }
}

function priorityOf(
  { priority }: EmbedRequest,
  inputs: readonly Input[],
  maxTokens: number,
): Priority {
  return priority ?? classify(inputs, guessTokens(inputs, maxTokens));
}

function distinct(inputs: readonly Input[], kind: string): readonly Wanted[] {
  const wanted = new Map<string, Wanted & { places: number[] }>();
  for (const [place, input] of inputs.entries()) {
    const text = typeof input === "string" ? `text ${input}` : `ids ${input.join(",")}`;
    const key = hash("sha256", `${kind}\0${text}`, "base64");
    const known = wanted.get(key);
    if (known) known.places.push(place);
    else wanted.set(key, { key, input, places: [place] });
  }
  return [...wanted.values()];
}

/** What was cut is not for who would rather have an error, which the model's side makes. */
function mayTake({ truncated }: Row, { truncate = true }: EmbedRequest): boolean {
  return truncate || !truncated;
}

function rowsFrom({ vectors, counts, truncated }: Computed): readonly Row[] {
  const width = vectors.length / counts.length;
  const cut = new Set(truncated);
  return counts.map((tokens, i) => ({
    // A copy: one row kept must not keep them all.
    vector: vectors.slice(i * width, (i + 1) * width),
    tokens,
    truncated: cut.has(i),
  }));
}

function joinRows(rows: readonly Row[]): Omit<Computed, keyof RunFacts> {
  const width = rows[0].vector.length;
  const vectors = new Float32Array(rows.length * width);
  rows.forEach(({ vector }, i) => {
    vectors.set(vector, i * width);
  });
  const truncated = rows.flatMap((row, i) => (row.truncated ? [i] : []));
  return { vectors, counts: rows.map(({ tokens }) => tokens), truncated };
}

function toFault(error: unknown): NearfoldError {
  if (error instanceof NearfoldError) return error;
  throw error;
}

/** @throws the fault, where it is whoever's who has this text, or the request is over */
function requireOther(fault: NearfoldError, { signal }: EmbedRequest, deadline: number): void {
  if (SHARED_FAULTS.has(fault.code) || signal?.aborted) throw fault;
  if (performance.now() >= deadline) throw fault;
}
