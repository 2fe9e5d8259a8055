/** A server without its protocols: requests in, vectors out, within what the machine can do. */
import { cutRows } from "../encoder/index.ts";
import { bug, NearfoldError } from "../errors.ts";
import {
  classify,
  dimsOf,
  type EmbedAnswer,
  type EmbedRequest,
  guessTokens,
  normalizeOf,
  requireInputs,
} from "./embed-request.ts";
import { measureLane } from "./measure-lane.ts";
import { type AdmissionPolicy, type Backlog, requireRoom } from "./queue/admission.ts";
import type { Lane, Priority } from "./queue/waiting.ts";
import { type BatchReport, Scheduler } from "./scheduler.ts";
import type { ServedModel, ServedTower } from "./served-model.ts";
import type { SessionSet } from "./session-set.ts";
import type { Supervised } from "./supervised.ts";
import { tokenizeInputs } from "./tokenize.ts";

const SLICE_MS = 25;

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
  /** Batches that run side by side, but for those of a few queries. */
  readonly workers: number;
  /** What batches of each graph's sessions hold. */
  readonly lanes: Readonly<Record<string, Lane>>;
  /** The same of a tower's sessions. */
  laneOf(tower: ServedTower): Lane;
  /** Whether every model can answer, and requests are taken. */
  readonly isReady: boolean;
  depth(priority: Priority): ReturnType<Scheduler["depth"]>;
  /**
   * @throws bad-input, bad-argument, too-large for what cannot be embedded; overloaded; timeout; aborted; io where a model failed twice; not-finite
   */
  embed(request: EmbedRequest): Promise<EmbedAnswer>;
  /**
   * Measures a model, which also warms it up, and puts it in the place of the one of its name, at once for all requests that come then; or beside the others.
   * @returns the one before, once the last of its requests is answered: it is the caller's to close
   * @throws as its sessions; then nothing has changed
   */
  load(model: ServedModel): Promise<ServedModel | undefined>;
  /** Takes no more, and waits for what was let in. */
  drain(): Promise<void>;
}

/** Measures the models one after the other, and begins. @throws as their sessions; bad-argument for none, or two of one name */
export async function startService(
  models: readonly ServedModel[],
  options: ServiceOptions = {},
): Promise<Service> {
  requireNames(models);
  const service = new QueueService(workersOf(models), options);
  for (const model of models) await service.load(model);
  return service;
}

/** What the sessions of every model can do side by side. */
function workersOf(models: readonly ServedModel[]): number {
  const towers = models.flatMap((model) => Object.values(model.towers));
  return Math.max(...towers.map(({ sessions }) => sessions.narrow.length));
}

/** A model with what it has to do. */
interface Loaded {
  readonly model: ServedModel;
  /** Of its towers, one or two. */
  readonly lanes: ReadonlyMap<SessionSet, string>;
  unanswered: number;
  /** Set once another has taken its place. */
  idle?: () => void;
}

class QueueService implements Service {
  readonly workers: number;
  readonly #scheduler: Scheduler;
  readonly #options: ServiceOptions;
  readonly #policy: AdmissionPolicy;
  /** By name. */
  readonly #loaded = new Map<string, Loaded>();
  readonly #sessions = new Map<string, SessionSet>();
  /** Milliseconds of work whose texts are being tokenized. */
  readonly #coming: Record<Priority, number> = { interactive: 0, bulk: 0 };
  #unanswered = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(workers: number, options: ServiceOptions) {
    this.workers = workers;
    const { sliceMs = SLICE_MS, bulkShare = 0.2, onBatch } = options;
    this.#options = options;
    this.#policy = {
      maxWaitMs: { interactive: 2000, bulk: 30_000, ...options.maxWaitMs },
      bulkShare,
    };
    this.#scheduler = new Scheduler({
      run: ({ lane, slot }, ids, prompts) => this.#sessions.get(lane)!.at(slot).run(ids, prompts),
      ...{ workers, sliceMs, bulkShare },
      ...(onBatch && { onBatch }),
    });
  }

  get models(): ReadonlyMap<string, ServedModel> {
    return new Map([...this.#loaded].map(([name, { model }]) => [name, model]));
  }

  get lanes(): Readonly<Record<string, Lane>> {
    return this.#scheduler.lanes;
  }

  laneOf({ sessions }: ServedTower): Lane {
    const name = [...this.#sessions].find(([, other]) => other === sessions)![0];
    return this.lanes[name];
  }

  get isReady(): boolean {
    return !this.#drained && [...this.#sessions.values()].every(({ isUp }) => isUp);
  }

  async load(model: ServedModel): Promise<ServedModel | undefined> {
    const { sliceMs = SLICE_MS, maxBatchTokens } = this.#options;
    const lanes = new Map<SessionSet, string>();
    const measured: [name: string, lane: Lane, sessions: SessionSet][] = [];
    for (const [role, { sessions, tokenizer, maxTokens }] of Object.entries(model.towers)) {
      if (lanes.has(sessions)) continue;
      const { narrow, wide } = sessions;
      const run = (session: Supervised, sequences: readonly Int32Array[]) =>
        session.run(sequences, new Int32Array(sequences.length));
      const lane = await measureLane({
        run: (sequences) => Promise.all(narrow.map((session) => run(session, sequences))),
        ...(wide && { runWide: (sequences) => run(wide, sequences) }),
        ...{ vocabSize: tokenizer.vocabSize, maxTokens, sliceMs },
        ...(maxBatchTokens !== undefined && { budgetTokens: maxBatchTokens }),
        now: () => performance.now(),
      });
      const name = this.#freeLane(`${model.name}/${role}`);
      lanes.set(sessions, name);
      measured.push([name, lane, sessions]);
    }
    for (const [name, lane, sessions] of measured) {
      this.#sessions.set(name, sessions);
      this.#scheduler.openLane(name, lane);
    }
    const before = this.#loaded.get(model.name);
    this.#loaded.set(model.name, { model, lanes, unanswered: 0 });
    if (!before) return undefined;
    await this.#lastAnswer(before);
    for (const name of before.lanes.values()) {
      await this.#scheduler.closeLane(name);
      this.#sessions.delete(name);
    }
    return before.model;
  }

  /** A name that no session has, of a model that may be there twice for a while. */
  #freeLane(wanted: string): string {
    for (let again = 1; ; again++) {
      const name = again === 1 ? wanted : `${wanted}~${again}`;
      if (!this.#sessions.has(name)) return name;
    }
  }

  async #lastAnswer(loaded: Loaded): Promise<void> {
    if (loaded.unanswered === 0) return;
    await new Promise<void>((resolve) => {
      loaded.idle = resolve;
    });
  }

  depth(priority: Priority): ReturnType<Scheduler["depth"]> {
    return this.#scheduler.depth(priority);
  }

  async embed(request: EmbedRequest): Promise<EmbedAnswer> {
    if (this.#drained) throw new NearfoldError("io", "the server is stopping");
    const loaded = this.#loaded.get(request.model.name);
    // Whoever asks has just taken it from `models`.
    if (loaded?.model !== request.model) throw bug("a model was asked that is not served any more");
    this.#unanswered++;
    loaded.unanswered++;
    try {
      return await this.#embed(request, loaded);
    } finally {
      loaded.unanswered--;
      if (loaded.unanswered === 0) loaded.idle?.();
      this.#answered();
    }
  }

  #answered(): void {
    this.#unanswered--;
    if (this.#unanswered === 0) this.#drained?.resolve();
  }

  async #embed(request: EmbedRequest, { lanes }: Loaded): Promise<EmbedAnswer> {
    const { model, inputs, signal } = request;
    const start = performance.now();
    const tower = model.towers[request.prompt ?? "document"];
    const lane = lanes.get(tower.sessions)!;
    const dims = dimsOf(request);
    const normalize = normalizeOf(request, tower);
    requireInputs(request, tower);
    const guess = guessTokens(inputs, tower.maxTokens);
    const priority = request.priority ?? classify(inputs, guess);
    requireRoom(this.#backlog(), priority, this.#policy);
    const guessMs = this.#scheduler.msOf(guess, lane);
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
    let [batches, batchTokens] = [0, 0];
    if (rows.length > 0) {
      const work = {
        ...{ lane, priority },
        sequences: rows.map((i) => sequences[i]),
        promptTokens: rows.map(() => promptTokens),
      };
      const deadline = start + (this.#options.timeoutMs ?? 60_000);
      const done = await this.#scheduler.submit(work, { ...(signal && { signal }), deadline });
      const width = model.space.dims;
      cutRows(done.vectors, { width, dims, normalize, into: vectors, rows, first: 0 });
      if (normalize && dims === width && !tower.normalized) toUnitLength(vectors, dims);
      times.queue = done.queueMs;
      times.run = done.runMs;
      ({ batches, batchTokens } = done);
    }
    const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
    const characters = inputs.reduce((sum, { length }) => sum + length, 0);
    const counts = { tokens, characters, batches, batchTokens };
    return { vectors, dims, ...counts, truncated, priority, times };
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

/** @throws bad-argument */
function requireNames(models: readonly ServedModel[]): void {
  const names = new Set(models.map(({ name }) => name));
  if (names.size === models.length && names.size > 0) return;
  const got = models.map(({ name }) => name).join(", ") || "none";
  throw new NearfoldError("bad-argument", "models need names of their own", {
    got,
    hint: "Call one otherwise: NAME=MODEL",
  });
}

function toUnitLength(vectors: Float32Array, dims: number): void {
  for (let start = 0; start < vectors.length; start += dims) {
    const row = vectors.subarray(start, start + dims);
    const scale = 1 / Math.max(Math.hypot(...row), 1e-12);
    for (let i = 0; i < dims; i++) row[i] *= scale;
  }
}
