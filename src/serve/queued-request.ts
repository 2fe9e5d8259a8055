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
}

export interface WorkDone {
  /** `[N, D]`, the caller's. */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** Until its first batch began. */
  readonly queueMs: number;
  /** From then until its last batch was done. */
  readonly runMs: number;
}

/** A request from the moment it is let in until its last vector is there. */
export class QueuedRequest implements Waiting {
  readonly id: number;
  readonly lane: string;
  readonly priority: Priority;
  readonly tokens: readonly number[];
  readonly deadline: number;
  readonly start: number;
  readonly done = Promise.withResolvers<WorkDone>();
  taken = 0;
  tokensLeft: number;
  failures = 0;
  isSettled = false;
  readonly #work: Work;
  #vectors: Float32Array<ArrayBuffer> | undefined;
  #filled = 0;
  #began: number | undefined;

  constructor(
    id: number,
    work: Work,
    { deadline, start }: { readonly deadline: number; readonly start: number },
  ) {
    this.id = id;
    this.lane = work.lane;
    this.priority = work.priority;
    this.tokens = work.sequences.map(({ length }) => length);
    this.tokensLeft = this.tokens.reduce((sum, count) => sum + count, 0);
    this.deadline = deadline;
    this.start = start;
    this.#work = work;
  }

  get gone(): boolean {
    return this.isSettled;
  }

  get alone(): boolean {
    return this.failures > 0;
  }

  part(from: number, to: number): Pick<Work, "sequences" | "promptTokens"> {
    const { sequences, promptTokens } = this.#work;
    return { sequences: sequences.slice(from, to), promptTokens: promptTokens.slice(from, to) };
  }

  take(to: number, now: number): void {
    this.#began ??= now;
    while (this.taken < to) this.tokensLeft -= this.tokens[this.taken++];
  }

  /** The batch that took the inputs from `from` on has failed. */
  giveBack(from: number): void {
    this.failures++;
    while (this.taken > from) this.tokensLeft += this.tokens[--this.taken];
  }

  /** Vectors of the inputs from `from` on; with the last of them the request is done. */
  fill(
    from: number,
    rows: Float32Array,
    { width, now }: { readonly width: number; readonly now: number },
  ): void {
    this.#vectors ??= new Float32Array(this.tokens.length * width);
    this.#vectors.set(rows, from * width);
    this.#filled += rows.length / width;
    if (this.#filled < this.tokens.length) return;
    const began = this.#began ?? now;
    this.isSettled = true;
    this.done.resolve({
      vectors: this.#vectors,
      queueMs: began - this.start,
      runMs: now - began,
    });
  }

  fail(error: NearfoldError): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.done.reject(error);
  }
}
