/** A server without its protocols: requests in, vectors out, within what the machine can do. */
import { cutRows } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import {
  classify,
  type EmbedAnswer,
  type EmbedRequest,
  guessTokens,
  requireInputs,
} from "./embed-request.ts";
import { measureLane } from "./measure-lane.ts";
import { type AdmissionPolicy, type Backlog, requireRoom } from "./queue/admission.ts";
import type { Lane, Priority } from "./queue/waiting.ts";
import { type BatchReport, Scheduler } from "./scheduler.ts";
import type { ServedModel, ServedTower } from "./served-model.ts";
import { tokenizeInputs } from "./tokenize.ts";

export interface ServiceOptions {
  /** Tokens of a batch, where one input is not more. @default found at the start: where batches get no faster */
  readonly maxBatchTokens?: number;
  /** Milliseconds that a slice of bulk may take, for which a query may have to wait. @default 25 */
  readonly sliceMs?: number;
  /** The share of the time that bulk gets while queries wait too. @default 0.2 */
  readonly bulkShare?: number;
  /** The longest waits that requests are let in for. @default 2,000 and 30,000 */
  readonly maxWaitMs?: Partial<AdmissionPolicy["maxWaitMs"]>;
  /** Until a request is given up. @default 60,000 */
  readonly timeoutMs?: number;
  readonly onBatch?: (batch: BatchReport) => void;
}

/** Close with `await using`: what was let in is finished first. The models are the caller's to close. */
export interface Service extends AsyncDisposable {
  /** By name; the first one serves requests that name none. */
  readonly models: ReadonlyMap<string, ServedModel>;
  /** What batches of each session hold. */
  readonly lanes: Readonly<Record<string, Lane>>;
  /** Whether every model can answer, and requests are taken. */
  readonly isReady: boolean;
  depth(priority: Priority): ReturnType<Scheduler["depth"]>;
  /**
   * @throws bad-input, bad-argument, too-large for what cannot be embedded; overloaded; timeout; aborted; io where a model failed twice; not-finite
   */
  embed(request: EmbedRequest): Promise<EmbedAnswer>;
  /** Takes no more, and waits for what was let in. */
  drain(): Promise<void>;
}

/** Measures the models, which also warms them up, and begins. @throws as their sessions */
export async function startService(
  models: readonly ServedModel[],
  options: ServiceOptions = {},
): Promise<Service> {
  const { sliceMs = 25, maxBatchTokens, onBatch } = options;
  const named = byName(models);
  const towers = [...new Map([...towersOf(models)].map((tower) => [tower.lane, tower])).values()];
  const lanes: Record<string, Lane> = {};
  for (const { lane, session, tokenizer, maxTokens } of towers) {
    lanes[lane] = await measureLane({
      run: (sequences) => session.run(sequences, new Int32Array(sequences.length)),
      ...{ vocabSize: tokenizer.vocabSize, maxTokens, sliceMs },
      ...(maxBatchTokens !== undefined && { budgetTokens: maxBatchTokens }),
      now: () => performance.now(),
    });
  }
  const sessions = new Map(towers.map(({ lane, session }) => [lane, session]));
  const bulkShare = options.bulkShare ?? 0.2;
  const scheduler = new Scheduler({
    run: (lane, sequences, promptTokens) => sessions.get(lane)!.run(sequences, promptTokens),
    ...{ lanes, sliceMs, bulkShare },
    ...(onBatch && { onBatch }),
  });
  const maxWaitMs = { interactive: 2000, bulk: 30_000, ...options.maxWaitMs };
  const policy = { maxWaitMs, bulkShare };
  return new QueueService(named, scheduler, { policy, timeoutMs: options.timeoutMs ?? 60_000 });
}

interface Limits {
  readonly policy: AdmissionPolicy;
  readonly timeoutMs: number;
}

class QueueService implements Service {
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly #scheduler: Scheduler;
  readonly #limits: Limits;
  /** Milliseconds of work whose texts are being tokenized. */
  readonly #coming: Record<Priority, number> = { interactive: 0, bulk: 0 };
  #unanswered = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(models: ReadonlyMap<string, ServedModel>, scheduler: Scheduler, limits: Limits) {
    this.models = models;
    this.#scheduler = scheduler;
    this.#limits = limits;
  }

  get lanes(): Readonly<Record<string, Lane>> {
    return this.#scheduler.lanes;
  }

  get isReady(): boolean {
    if (this.#drained) return false;
    return [...towersOf([...this.models.values()])].every(({ session }) => session.isUp);
  }

  depth(priority: Priority): ReturnType<Scheduler["depth"]> {
    return this.#scheduler.depth(priority);
  }

  async embed(request: EmbedRequest): Promise<EmbedAnswer> {
    if (this.#drained) throw new NearfoldError("io", "the server is stopping");
    this.#unanswered++;
    try {
      return await this.#embed(request);
    } finally {
      this.#unanswered--;
      if (this.#unanswered === 0) this.#drained?.resolve();
    }
  }

  async #embed(request: EmbedRequest): Promise<EmbedAnswer> {
    const { model, inputs, signal } = request;
    const start = performance.now();
    const tower = model.towers[request.prompt ?? "document"];
    const dims = dimsOf(request);
    const normalize = normalizeOf(request, tower);
    requireInputs(request, tower);
    const guess = guessTokens(inputs, tower.maxTokens);
    const priority = request.priority ?? classify(inputs, guess);
    requireRoom(this.#backlog(), priority, this.#limits.policy);
    const guessMs = guess / this.lanes[tower.lane].tokensPerMs;
    this.#coming[priority] += guessMs;
    const tokenized = await tokenizeInputs(request, tower).finally(() => {
      this.#coming[priority] -= guessMs;
    });
    const { sequences, truncated, promptTokens } = tokenized;
    const tokenize = performance.now() - start;
    // A text of a static model may have no token at all.
    const rows = [...sequences.keys()].filter((i) => sequences[i].length > 0);
    const vectors = new Float32Array(sequences.length * dims);
    const times = { tokenize, queue: 0, run: 0 };
    if (rows.length > 0) {
      const work = {
        ...{ lane: tower.lane, priority },
        sequences: rows.map((i) => sequences[i]),
        promptTokens: rows.map(() => promptTokens),
      };
      const deadline = start + this.#limits.timeoutMs;
      const done = await this.#scheduler.submit(work, { ...(signal && { signal }), deadline });
      const width = model.space.dims;
      cutRows(done.vectors, { width, dims, normalize, into: vectors, rows, first: 0 });
      if (normalize && dims === width && !tower.normalized) toUnitLength(vectors, dims);
      times.queue = done.queueMs;
      times.run = done.runMs;
    }
    const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
    const characters = inputs.reduce((sum, { length }) => sum + length, 0);
    return { vectors, dims, tokens, characters, truncated, times };
  }

  async drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers<void>();
    if (this.#unanswered > 0) await this.#drained.promise;
    await this.#scheduler.drain();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  #backlog(): Backlog {
    const { interactive, bulk } = this.#scheduler.backlog();
    const coming = this.#coming;
    return { interactive: interactive + coming.interactive, bulk: bulk + coming.bulk };
  }
}

function byName(models: readonly ServedModel[]): ReadonlyMap<string, ServedModel> {
  const named = new Map(models.map((model) => [model.name, model]));
  if (named.size === models.length && named.size > 0) return named;
  const got = models.map(({ name }) => name).join(", ") || "none";
  throw new NearfoldError("bad-argument", "models need names of their own", {
    got,
    hint: "Call one otherwise: NAME=MODEL",
  });
}

function* towersOf(models: readonly ServedModel[]): Generator<ServedTower> {
  for (const { towers } of models) yield* Object.values(towers);
}

/** @throws bad-argument */
function dimsOf({ model: { name, dims, space }, dims: wanted }: EmbedRequest): number {
  if (wanted === undefined || dims.includes(wanted)) return wanted ?? space.dims;
  throw new NearfoldError("bad-argument", `${name} was not trained for so many dimensions`, {
    at: "dimensions",
    got: `${wanted}`,
    wanted: `one of ${dims.join(", ")}`,
  });
}

/** @throws unsupported for raw vectors of a model that has none */
function normalizeOf({ model, normalize }: EmbedRequest, { normalized }: ServedTower): boolean {
  if (normalize !== false || !normalized) return normalize ?? normalized;
  throw new NearfoldError("unsupported", `${model.name} gives vectors of length 1 alone`, {
    at: "normalize",
    got: "false",
    wanted: "true",
  });
}

function toUnitLength(vectors: Float32Array, dims: number): void {
  for (let start = 0; start < vectors.length; start += dims) {
    const row = vectors.subarray(start, start + dims);
    const scale = 1 / Math.max(Math.hypot(...row), 1e-12);
    for (let i = 0; i < dims; i++) row[i] *= scale;
  }
}
