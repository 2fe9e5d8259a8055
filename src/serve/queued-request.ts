/** A request on its way through the queue. */
import type { NearfoldError } from "../errors.ts";
import type { Priority, Waiting } from "./queue/waiting.ts";

/** The tokenized inputs of a request. */
export interface Work {
  readonly lane: string;
  readonly priority: Priority;
  /** At least one, none empty. */
  readonly sequences: readonly Int32Array[];
  /** How many tokens at the start of each are a prompt's that is not pooled. */
  readonly promptTokens: readonly number[];
  /** Whether its lane gives a row for each token, and not for each input. @default false */
  readonly perToken?: boolean;
}

export interface WorkDone {
  /** `[N, D]`, `N` the inputs or their tokens; the caller's. */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** Until its first batch began. */
  readonly queueMs: number;
  /** From then until its last batch was done. */
  readonly runMs: number;
  /** How many batches it was in, and all their tokens, those of others too. */
  readonly batches: number;
  readonly batchTokens: number;
}

/** What a batch is to a request that is in it. */
interface Joined {
  /** When it begins, on the scheduler's clock. */
  readonly now: number;
  readonly tokens: number;
}

interface Admitted {
  readonly id: number;
  /** On the scheduler's clock. */
  readonly start: number;
  readonly deadline: number;
}

/** A request from the moment it is let in until its last vector is there. Several batches may have parts of it at once. */
export class QueuedRequest {
  readonly id: number;
  readonly work: Work;
  readonly start: number;
  readonly deadline: number;
  readonly done = Promise.withResolvers<WorkDone>();
  isSettled = false;
  #vectors: Float32Array<ArrayBuffer> | undefined;
  #filled = 0;
  #began: number | undefined;
  #batches = 0;
  #batchTokens = 0;

  constructor(work: Work, { id, start, deadline }: Admitted) {
    this.id = id;
    this.work = work;
    this.start = start;
    this.deadline = deadline;
  }

  /** Rows that the inputs `from` to before `to` give. */
  rowsOf(from: number, to: number): number {
    if (!this.work.perToken) return to - from;
    return this.work.sequences.slice(from, to).reduce((sum, { length }) => sum + length, 0);
  }

  join({ now, tokens }: Joined): void {
    this.#began ??= now;
    this.#batches++;
    this.#batchTokens += tokens;
  }

  /** Vectors of the inputs from `from` on, which come once; with the last of them the request is done. */
  fill(
    from: number,
    rows: Float32Array,
    { width, now }: { readonly width: number; readonly now: number },
  ): void {
    const all = this.rowsOf(0, this.work.sequences.length);
    this.#vectors ??= new Float32Array(all * width);
    this.#vectors.set(rows, this.rowsOf(0, from) * width);
    this.#filled += rows.length / width;
    if (this.#filled < all || this.isSettled) return;
    const began = this.#began ?? now;
    this.isSettled = true;
    this.done.resolve({
      vectors: this.#vectors,
      queueMs: began - this.start,
      runMs: now - began,
      batches: this.#batches,
      batchTokens: this.#batchTokens,
    });
  }

  fail(error: NearfoldError): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.done.reject(error);
  }
}

/** Inputs of a request that wait: all of them at first, and those of a batch that failed once more. */
export class QueuedPart implements Waiting {
  readonly request: QueuedRequest;
  readonly tokens: readonly number[];
  /** How often they were run in vain. */
  readonly failures: number;
  taken = 0;
  tokensLeft: number;
  /** The input of the request that is the first of these. */
  readonly #first: number;

  constructor(
    request: QueuedRequest,
    { first = 0, end = Number.POSITIVE_INFINITY, failures = 0 } = {},
  ) {
    this.request = request;
    this.#first = first;
    this.failures = failures;
    this.tokens = request.work.sequences.slice(first, end).map(({ length }) => length);
    this.tokensLeft = this.tokens.reduce((sum, count) => sum + count, 0);
  }

  get id(): number {
    return this.request.id;
  }

  get lane(): string {
    return this.request.work.lane;
  }

  get priority(): Priority {
    return this.request.work.priority;
  }

  get start(): number {
    return this.request.start;
  }

  get deadline(): number {
    return this.request.deadline;
  }

  get gone(): boolean {
    return this.request.isSettled;
  }

  get alone(): boolean {
    return this.failures > 0;
  }

  inputs(from: number, to: number): Pick<Work, "sequences" | "promptTokens"> {
    const { sequences, promptTokens } = this.request.work;
    const range = [this.#first + from, this.#first + to];
    return { sequences: sequences.slice(...range), promptTokens: promptTokens.slice(...range) };
  }

  /** Rows that those from `from` to before `to` give. */
  rowsOf(from: number, to: number): number {
    return this.request.rowsOf(this.#first + from, this.#first + to);
  }

  take(to: number, batch: Joined): void {
    this.request.join(batch);
    while (this.taken < to) this.tokensLeft -= this.tokens[this.taken++];
  }

  /** Those from `from` to before `to`, to be run again, alone. */
  again(from: number, to: number): QueuedPart {
    const failures = this.failures + 1;
    return new QueuedPart(this.request, {
      first: this.#first + from,
      end: this.#first + to,
      failures,
    });
  }

  fill(from: number, rows: Float32Array, options: Parameters<QueuedRequest["fill"]>[2]): void {
    this.request.fill(this.#first + from, rows, options);
  }
}
