import { Worker } from "node:worker_threads";
import { type ErrorCode, type ErrorDetails, NearfoldError, throwIfAborted } from "../errors.ts";
import type { Content } from "./document.ts";
import type { KindName } from "./registry.ts";

export interface ReadRequest {
  readonly kind: KindName;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly at: string;
}

export type ReadReply =
  | { readonly content: Content }
  | { readonly failure: ReadFailure }
  | { readonly broken: string };

/** A `NearfoldError`'s parts: classes don't pass between threads. */
export interface ReadFailure {
  readonly code: ErrorCode;
  readonly what: string;
  readonly details: ErrorDetails;
}

export interface ReadLimits {
  /** Until a document is given up. */
  readonly timeoutMs: number;
  /** Of the thread's heap, where it is given up too. */
  readonly maxHeapMb: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A thread that reads documents: a hostile one makes a parser run in circles or fill the memory, and a thread can be ended. The next
 * document then gets a new one. Closes with `await using`.
 */
export class ReaderThread implements AsyncDisposable {
  #worker: Worker | undefined;

  /**
   * One document at a time; its bytes are the thread's from then on.
   * @throws what its reader does; too-large for what takes too long or too much memory; aborted
   */
  async read(request: ReadRequest, limits: ReadLimits): Promise<Content> {
    throwIfAborted(limits.signal, "reading");
    this.#worker ??= this.#start(limits);
    const worker = this.#worker;
    worker.ref();
    const asked = answerOf(worker, request.at, limits);
    worker.postMessage(request, [request.bytes.buffer]);
    const reply = await asked.catch(async (error: unknown) => {
      // It may still be at it.
      await this[Symbol.asyncDispose]();
      throw error;
    });
    worker.unref();
    if ("content" in reply) return reply.content;
    if ("failure" in reply) {
      const { code, what, details } = reply.failure;
      throw new NearfoldError(code, what, details);
    }
    throw new NearfoldError("bad-input", "it can't be read", { at: request.at, got: reply.broken });
  }

  #start({ maxHeapMb }: ReadLimits): Worker {
    const worker = startReader(maxHeapMb);
    return worker.once("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

function startReader(maxHeapMb: number): Worker {
  const file = import.meta.url.endsWith(".ts") ? "./reader-worker.ts" : "./reader-worker.js";
  const resourceLimits = { maxOldGenerationSizeMb: maxHeapMb };
  // What a library says of a damaged file is not for the terminal.
  const options = { resourceLimits, stdout: true, stderr: true };
  const worker = new Worker(new URL(file, import.meta.url), options);
  // Between two documents nobody waits for it.
  return worker.on("error", () => {});
}

/** The next thing that a worker says, or why it says nothing. */
async function answerOf(
  worker: Worker,
  at: string,
  { timeoutMs, maxHeapMb, signal }: ReadLimits,
): Promise<ReadReply> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadReply>();
  const tooMuch = (what: string, wanted: string) =>
    reject(new NearfoldError("too-large", what, { at, wanted: `at most ${wanted}` }));
  const failed = (cause: NodeJS.ErrnoException) => {
    if (cause.code === "ERR_WORKER_OUT_OF_MEMORY") {
      return tooMuch("reading takes too much memory", `${maxHeapMb} MiB`);
    }
    reject(new NearfoldError("bad-input", "its reader failed", { at, got: cause.message, cause }));
  };
  const ended = () => reject(new NearfoldError("bad-input", "its reader has ended", { at }));
  const stopped = () => reject(new NearfoldError("aborted", "reading was stopped"));
  const late = () => tooMuch("reading takes too long", `${timeoutMs / 1000} s`);
  const timer = setTimeout(late, timeoutMs);
  worker.on("message", resolve).on("error", failed).on("exit", ended);
  signal?.addEventListener("abort", stopped);
  return await promise.finally(() => {
    clearTimeout(timer);
    worker.off("message", resolve).off("error", failed).off("exit", ended);
    signal?.removeEventListener("abort", stopped);
  });
}
