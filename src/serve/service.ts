/** A server without its protocols: requests in, vectors out, within what the machine can do. */
import { cutRows } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { VectorCache } from "./cache/vector-cache.ts";
import { countsOf, kindOf, ranAll, toUnitLength, towerOf } from "./computed.ts";
import {
  dimsOf,
  type EmbedAnswer,
  type EmbedRequest,
  normalizeOf,
  requireInputs,
  requireTokenVectors,
  type TokensAnswer,
} from "./embed-request.ts";
import type { Instance } from "./models/instance.ts";
import { ModelLanes } from "./models/model-lanes.ts";
import { ModelTable, type Name } from "./models/model-table.ts";
import type { AdmissionPolicy } from "./queue/admission.ts";
import type { Lane, Priority } from "./queue/waiting.ts";
import { type Job, Runner } from "./runner.ts";
import { type BatchReport, Scheduler } from "./scheduler.ts";
import type { ServedModel, ServedTower } from "./served-model.ts";

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
  /** For vectors that may be asked for again; 0 keeps none. @default 0 */
  readonly cacheBytes?: number;
  readonly onBatch?: (batch: BatchReport) => void;
}

/** Close with `await using`: what was let in is finished first. The models are the caller's to close. */
export interface Service extends AsyncDisposable {
  /** By name; the first one serves requests that name none. */
  readonly models: ReadonlyMap<string, ServedModel>;
  /** The same with what stands beside each, and what each has had to do. */
  readonly names: ReadonlyMap<string, Name>;
  /** Batches that run side by side, but for those of a few queries. */
  readonly workers: number;
  /** What batches of each graph's sessions hold. */
  readonly lanes: Readonly<Record<string, Lane>>;
  /** The same of a tower's sessions. */
  laneOf(tower: ServedTower): Lane;
  /** Whether every model can answer, and requests are taken. */
  readonly isReady: boolean;
  /** Opens sessions again that are down, without which nobody might ask any more. */
  wake(): void;
  /** Undefined where there is none. */
  readonly cache: Pick<VectorCache, "counts" | "entries" | "bytes"> | undefined;
  depth(priority: Priority): ReturnType<Scheduler["depth"]>;
  /**
   * @throws bad-input, bad-argument, too-large for what cannot be embedded; overloaded; timeout; aborted; io where a model failed twice; not-finite
   */
  embed(request: EmbedRequest): Promise<EmbedAnswer>;
  /** The vectors of tokens; never from a cache. @throws as `embed`; unsupported for a model that shows none */
  embedTokens(request: EmbedRequest): Promise<TokensAnswer>;
  /**
   * Measures a model, which also warms it up, and puts it in the place of the one of its name, at once for all requests that come then; or beside the others.
   * @throws as its sessions; exists where another stands beside the one of its name; then nothing has changed
   */
  load(model: ServedModel): Promise<Change>;
  /**
   * Measures a model, and gives it a share of the requests to its name, from 0 to 1.
   * @throws as `load`; not-found for a name that is none; mismatch for a share of another space
   */
  loadBeside(model: ServedModel, share: number): Promise<void>;
  /** @throws not-found, mismatch */
  setShare(name: string, share: number): void;
  /** What stands beside takes the name, at once. @throws not-found */
  promote(name: string): Change;
  /** The name is no more. @throws not-found; bad-argument for the last one */
  unload(name: string): Change;
  /** What stands beside a name is no more. @throws not-found */
  unloadBeside(name: string): Change;
  /** Takes no more, and waits for what was let in. */
  drain(): Promise<void>;
}

/** That models get no more requests. */
export interface Change {
  /** They, once the last request of each is answered: the caller's to close. */
  readonly left: Promise<readonly ServedModel[]>;
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

class QueueService implements Service {
  readonly workers: number;
  readonly #scheduler: Scheduler;
  readonly #options: ServiceOptions;
  readonly #table = new ModelTable();
  readonly #lanes: ModelLanes;
  readonly #runner: Runner;
  readonly cache: VectorCache | undefined;
  #unanswered = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(workers: number, options: ServiceOptions) {
    this.workers = workers;
    const { sliceMs = SLICE_MS, bulkShare = 0.2, onBatch } = options;
    this.#options = options;
    const { cacheBytes: maxBytes = 0 } = options;
    this.cache = maxBytes > 0 ? new VectorCache({ maxBytes }) : undefined;
    this.#scheduler = new Scheduler({
      run: (at, ids, prompts) => this.#lanes.run(at, ids, prompts),
      ...{ workers, sliceMs, bulkShare },
      ...(onBatch && { onBatch }),
    });
    const { maxBatchTokens } = options;
    this.#lanes = new ModelLanes(this.#scheduler, {
      sliceMs,
      ...(maxBatchTokens !== undefined && { maxBatchTokens }),
    });
    this.#runner = new Runner(this.#scheduler, this.#lanes, {
      maxWaitMs: { interactive: 2000, bulk: 30_000, ...options.maxWaitMs },
      bulkShare,
    });
  }

  get models(): ReadonlyMap<string, ServedModel> {
    return this.#table.models;
  }

  get names(): ReadonlyMap<string, Name> {
    return this.#table.names;
  }

  get lanes(): Readonly<Record<string, Lane>> {
    return this.#scheduler.lanes;
  }

  laneOf({ sessions }: ServedTower): Lane {
    return this.lanes[this.#lanes.laneOf(sessions)];
  }

  get isReady(): boolean {
    if (this.#drained) return false;
    const answering = [...this.#table.names.values()].map(({ current }) => current);
    return answering.every(({ lanes }) => [...lanes.keys()].every(({ isUp }) => isUp));
  }

  wake(): void {
    for (const { lanes } of this.#table.instances) for (const set of lanes.keys()) set.wake();
  }

  async load(model: ServedModel): Promise<Change> {
    this.#table.requirePlace(model.name);
    const measured = await this.#lanes.measure(model);
    const instance = this.#lanes.instanceOf(model, measured);
    const before = this.#table.put(instance);
    this.#lanes.open(instance, measured);
    return this.#leave(before ? [before] : []);
  }

  async loadBeside(model: ServedModel, share: number): Promise<void> {
    this.#table.requirePlaceBeside(model, share);
    const measured = await this.#lanes.measure(model);
    const instance = this.#lanes.instanceOf(model, measured);
    this.#table.putBeside(instance, share);
    this.#lanes.open(instance, measured);
  }

  setShare(name: string, share: number): void {
    this.#table.setShare(name, share);
  }

  promote(name: string): Change {
    return this.#leave([this.#table.promote(name)]);
  }

  unload(name: string): Change {
    return this.#leave(this.#table.remove(name));
  }

  unloadBeside(name: string): Change {
    return this.#leave([this.#table.removeBeside(name)]);
  }

  #leave(instances: readonly Instance[]): Change {
    const left = instances.map(async (instance) => {
      await instance.lastAnswer();
      await this.#lanes.close(instance);
      return instance.model;
    });
    return { left: Promise.all(left) };
  }

  depth(priority: Priority): ReturnType<Scheduler["depth"]> {
    return this.#scheduler.depth(priority);
  }

  embed(request: EmbedRequest): Promise<EmbedAnswer> {
    return this.#answer(request, (job) => this.#embed(job));
  }

  embedTokens(request: EmbedRequest): Promise<TokensAnswer> {
    return this.#answer(request, (job) => this.#embedTokens(job));
  }

  async #answer<T>(request: EmbedRequest, work: (job: Job) => Promise<T>): Promise<T> {
    if (this.#drained) throw new NearfoldError("io", "the server is stopping");
    const instance = this.#table.next(request.model);
    const deadline = performance.now() + (this.#options.timeoutMs ?? 60_000);
    const job = { request: { ...request, model: instance.model }, instance, deadline };
    this.#unanswered++;
    try {
      return await instance.answer(() => work(job));
    } finally {
      this.#unanswered--;
      this.#resolveDrained();
    }
  }

  #resolveDrained(): void {
    if (this.#unanswered === 0) this.#drained?.resolve();
  }

  async #embed(job: Job): Promise<EmbedAnswer> {
    const { request, deadline } = job;
    const { model, inputs } = request;
    const tower = towerOf(request);
    const dims = dimsOf(request);
    const normalize = normalizeOf(request, tower);
    requireInputs(request, tower);
    const { maxTokens } = tower;
    const compute = (part: EmbedRequest) => this.#runner.run({ ...job, request: part });
    const found = this.cache
      ? await this.cache.rowsOf({ request, kind: kindOf(request), maxTokens, deadline, compute })
      : ranAll(await compute(request));
    const width = model.space.dims;
    const vectors = new Float32Array(inputs.length * dims);
    const rows = [...inputs.keys()];
    cutRows(found.vectors, { width, dims, normalize, into: vectors, rows, first: 0 });
    if (normalize && dims === width && !tower.normalized) toUnitLength(vectors, dims);
    return { ...found, vectors, dims, ...countsOf(found, inputs) };
  }

  async #embedTokens(job: Job): Promise<TokensAnswer> {
    const { request } = job;
    const tower = towerOf(request);
    const dims = requireTokenVectors(request, tower);
    requireInputs(request, tower);
    const found = ranAll(await this.#runner.run(job, { perToken: true }));
    return { ...found, dims, ...countsOf(found, request.inputs) };
  }

  async drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers<void>();
    if (this.#unanswered > 0) await this.#drained.promise;
    await this.#scheduler.drain();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
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
