/** The loop around `planBatch`: a batch for each session that is idle, and what comes meanwhile is in the next one. */
import { NearfoldError } from "../errors.ts";
import type { Backlog } from "./queue/admission.ts";
import { type Batch, type BatchPolicy, planAhead, planBatch } from "./queue/plan-batch.ts";
import { type LaneLimits, learnSpeed } from "./queue/speed.ts";
import { type Lane, type Priority, priorities, type Running } from "./queue/waiting.ts";
import { QueuedPart, QueuedRequest, type Work, type WorkDone } from "./queued-request.ts";
import type { Slot } from "./session-set.ts";

/** Vectors `[N, D]` of token sequences or of their tokens, by one of the sessions of a lane; the caller's. It rejects where the whole batch failed. */
export type RunBatch = (
  at: { readonly lane: string; readonly slot: Slot },
  sequences: readonly Int32Array[],
  promptTokens: readonly number[],
) => Promise<Float32Array>;

export interface SchedulerOptions {
  readonly run: RunBatch;
  /** As they were measured; speeds are followed from there. @default none yet */
  readonly lanes?: Readonly<Record<string, Lane>>;
  /** Batches at the same time, besides that of a session with all cores. @default 1 */
  readonly workers?: number;
  /** @default 25 */
  readonly sliceMs?: number;
  /** @default 0.2 */
  readonly bulkShare?: number;
  /** @default 256 */
  readonly maxBatchInputs?: number;
  /** Milliseconds from any beginning. @default performance.now */
  readonly now?: () => number;
  readonly onBatch?: (batch: BatchReport) => void;
}

export interface BatchReport {
  readonly priority: Priority;
  readonly lane: string;
  readonly inputs: number;
  readonly tokens: number;
  /** Tokens that it could have had. */
  readonly most: number;
  readonly ms: number;
  readonly failed: boolean;
}

export interface SubmitOptions {
  /** The client went away. */
  readonly signal?: AbortSignal;
  /** On the clock of `now`. @default never */
  readonly deadline?: number;
}

type RunningBatch = Batch<QueuedPart>;

/** How often an input is run, whose batch failed. */
const TRIES = 2;

export class Scheduler {
  readonly #options: Required<Omit<SchedulerOptions, "lanes" | "onBatch">>;
  readonly #onBatch: ((batch: BatchReport) => void) | undefined;
  readonly #lanes: Record<string, Lane>;
  readonly #waiting: Record<Priority, QueuedPart[]> = { interactive: [], bulk: [] };
  readonly #running = new Map<Slot, RunningBatch>();
  /** What sessions have been given while they run, and do next. */
  readonly #ahead = new Map<Slot, RunningBatch>();
  /** When a session was last done with a batch. */
  readonly #ended = new Map<Slot, number>();
  /** Settles when a batch is done. */
  #ran = Promise.withResolvers<void>();
  #owedMs = 0;
  #requests = 0;
  #closing = false;
  #idle = Promise.withResolvers<void>();

  constructor({ lanes = {}, onBatch, ...options }: SchedulerOptions) {
    this.#options = {
      workers: 1,
      sliceMs: 25,
      bulkShare: 0.2,
      maxBatchInputs: 256,
      now: () => performance.now(),
      ...options,
    };
    this.#lanes = { ...lanes };
    this.#onBatch = onBatch;
  }

  /**
   * Vectors of a request's inputs.
   * @throws aborted; timeout past its deadline; io where its batch failed twice, or the scheduler is closing; not before a batch that it is in is done
   */
  async submit(work: Work, options: SubmitOptions = {}): Promise<WorkDone> {
    if (this.#closing) throw new NearfoldError("io", "the server is stopping");
    const { signal, deadline = Number.POSITIVE_INFINITY } = options;
    if (signal?.aborted) throw goneError();
    const request = new QueuedRequest(work, {
      id: this.#requests++,
      start: this.#options.now(),
      deadline,
    });
    const leave = () => this.#drop(request, goneError());
    const late = () => this.#drop(request, lateError());
    const timer = Number.isFinite(deadline)
      ? setTimeout(late, Math.max(0, deadline - request.start))
      : undefined;
    signal?.addEventListener("abort", leave, { once: true });
    this.#waiting[work.priority].push(new QueuedPart(request));
    this.#work();
    try {
      return await request.done.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
    }
  }

  /** A session more. */
  openLane(name: string, lane: Lane): void {
    this.#lanes[name] = lane;
  }

  /** A session less, of which nothing waits; a batch of it may run still, whose clients have gone away, and is waited for. */
  async closeLane(name: string): Promise<void> {
    while (this.#batches().some(({ lane }) => lane === name)) await this.#ran.promise;
    delete this.#lanes[name];
  }

  get lanes(): Readonly<Record<string, Lane>> {
    return this.#lanes;
  }

  /** Milliseconds that all sessions of a lane take for so many tokens. */
  msOf(tokens: number, lane: string): number {
    return tokens / (this.#lanes[lane].tokensPerMs * this.#options.workers);
  }

  /** Milliseconds of work that is waiting or running. */
  backlog(): Backlog {
    const ms = { interactive: 0, bulk: 0 };
    for (const { priority, tokens, lane } of this.#batches())
      ms[priority] += this.msOf(tokens, lane);
    for (const priority of priorities) {
      for (const { tokensLeft, lane } of this.#waiting[priority]) {
        ms[priority] += this.msOf(tokensLeft, lane);
      }
    }
    return ms;
  }

  /** What waits in a class: requests, tokens, and for how long the oldest has. */
  depth(priority: Priority): { readonly requests: number; tokens: number; oldestMs: number } {
    const waiting = this.#waiting[priority];
    const tokens = waiting.reduce((sum, { tokensLeft }) => sum + tokensLeft, 0);
    const first = waiting[0];
    const oldestMs = first ? this.#options.now() - first.start : 0;
    return { requests: waiting.length, tokens, oldestMs };
  }

  /** Takes no more, and waits until all that it has taken is done. */
  async drain(): Promise<void> {
    this.#closing = true;
    if (this.#isIdle()) return;
    await this.#idle.promise;
  }

  #isIdle(): boolean {
    const { interactive, bulk } = this.#waiting;
    return this.#running.size === 0 && interactive.length === 0 && bulk.length === 0;
  }

  #batches(): RunningBatch[] {
    return [...this.#running.values(), ...this.#ahead.values()];
  }

  /** Begins as many batches as there are sessions for, and gives busy ones what they do next. */
  #work(): void {
    for (let batch = this.#next(); batch; batch = this.#next()) {
      const slot = batch.wide ? "wide" : this.#idleSlots()[0];
      this.#running.set(slot, batch);
      this.#begin(batch, slot, this.#options.now());
    }
    for (const [slot, { lane }] of this.#running) {
      if (slot === "wide" || this.#ahead.has(slot)) continue;
      const now = this.#options.now();
      const batch = planAhead({ waiting: this.#waiting }, this.#policy(), { lane, now });
      if (!batch) continue;
      this.#take(batch);
      this.#ahead.set(slot, batch);
      this.#begin(batch, slot);
    }
    if (this.#closing && this.#isIdle()) this.#idle.resolve();
  }

  /** @param start now, or when the session is done with the batch before */
  #begin(batch: RunningBatch, slot: Slot, start?: number): void {
    void this.#run(batch, slot, start).then(() => {
      const next = this.#ahead.get(slot);
      // Those of a session end in their order.
      this.#ahead.delete(slot);
      if (next) this.#running.set(slot, next);
      else this.#running.delete(slot);
      this.#ran.resolve();
      this.#ran = Promise.withResolvers();
      this.#work();
    });
  }

  #policy(): BatchPolicy {
    const { bulkShare, maxBatchInputs } = this.#options;
    return { lanes: this.#lanes, bulkShare, maxBatchInputs };
  }

  #idleSlots(): Slot[] {
    const slots = Array.from({ length: this.#options.workers }, (_, slot) => slot);
    return slots.filter((slot) => !this.#running.has(slot));
  }

  #runningNow(): Running {
    const interactive = this.#batches().filter(({ wide, priority }) => {
      return !wide && priority === "interactive";
    });
    return {
      idle: this.#idleSlots().length,
      interactive: interactive.length,
      wide: this.#running.has("wide"),
    };
  }

  #next(): RunningBatch | undefined {
    const state = { waiting: this.#waiting, owedMs: this.#owedMs, running: this.#runningNow() };
    const { batch, dropped, owedMs } = planBatch(state, this.#policy(), this.#options.now());
    this.#owedMs = owedMs;
    for (const { request } of dropped) this.#drop(request, lateError());
    if (batch) this.#take(batch);
    return batch;
  }

  #take({ takes, priority, tokens }: RunningBatch): void {
    const batch = { now: this.#options.now(), tokens };
    for (const { request, to } of takes) request.take(to, batch);
    const left = this.#waiting[priority];
    this.#waiting[priority] = left.filter(({ taken, tokens }) => taken < tokens.length);
  }

  /** Never rejects: who waits is told. */
  async #run(batch: RunningBatch, slot: Slot, start?: number): Promise<void> {
    const { run, now } = this.#options;
    const { lane, takes, tokens } = batch;
    const parts = takes.map(({ request, from, to }) => request.inputs(from, to));
    const sequences = parts.flatMap((part) => part.sequences);
    const promptTokens = parts.flatMap((part) => part.promptTokens);
    let failure: { readonly cause: unknown } | undefined;
    try {
      const found = await run({ lane, slot }, sequences, promptTokens);
      const counts = takes.map(({ request, from, to }) => request.rowsOf(from, to));
      const width = found.length / counts.reduce((sum, count) => sum + count, 0);
      let first = 0;
      for (const [i, { request, from }] of takes.entries()) {
        const rows = found.subarray(first * width, (first + counts[i]) * width);
        request.fill(from, rows, { width, now: now() });
        first += counts[i];
      }
    } catch (cause) {
      failure = { cause };
      this.#retry(batch, cause);
    }
    const ms = now() - (start ?? this.#ended.get(slot)!);
    this.#ended.set(slot, now());
    const { sliceMs } = this.#options;
    const { budgetTokens, sliceTokens } = this.#lanes[lane];
    const limits: LaneLimits = { budgetTokens, sliceMs };
    const { priority, wide } = batch;
    const isTold = !failure && !wide;
    if (isTold) this.#lanes[lane] = learnSpeed(this.#lanes[lane], { tokens, ms }, limits);
    const most = priority === "bulk" ? sliceTokens : budgetTokens;
    const inputs = sequences.length;
    this.#onBatch?.({ priority, lane, inputs, tokens, most, ms, failed: !!failure });
  }

  /** Back to the head of the queue, each to run alone; those that have failed before are told. */
  #retry({ priority, takes }: RunningBatch, cause: unknown): void {
    const failed = takes.map(({ request: part, from, to }) => part.again(from, to));
    const back = failed.filter(({ failures, gone }) => failures < TRIES && !gone);
    this.#waiting[priority].unshift(...back);
    for (const { failures, request } of failed) {
      if (failures >= TRIES) this.#drop(request, failedError(cause));
    }
  }

  #drop(request: QueuedRequest, error: NearfoldError): void {
    request.fail(error);
    const { priority } = request.work;
    this.#waiting[priority] = this.#waiting[priority].filter((part) => part.request !== request);
  }
}

function goneError(): NearfoldError {
  return new NearfoldError("aborted", "the client went away");
}

function lateError(): NearfoldError {
  return new NearfoldError("timeout", "the request was not done in the time that it has");
}

function failedError(cause: unknown): NearfoldError {
  const got = (cause as Error).message;
  const hint = "The server goes on: ask again";
  return new NearfoldError("io", "the model failed twice at this", { got, hint, cause });
}
