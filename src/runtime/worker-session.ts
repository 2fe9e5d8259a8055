import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type ErrorCode, NearfoldError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Feeds, RunOptions, Session, SessionOptions } from "./session.ts";

/** What the main thread asks of the worker, and what comes back. */
export interface WorkerStart {
  readonly model: Uint8Array | string;
  readonly options: SessionOptions;
}
export interface WorkerCall {
  readonly id: number;
  readonly feeds: Feeds;
  readonly outputs?: readonly string[];
}
export interface WorkerReady {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}
export type WorkerReply =
  | { readonly id: number; readonly results: Record<string, Tensor> }
  | { readonly id: number; readonly failure: WorkerFailure };
export interface WorkerFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Opens a model in a thread of its own: runs leave this thread's event loop free, and are done in the order they are asked for.
 * Feeds over a SharedArrayBuffer are not copied, others are. Preallocated outputs are filled by a copy.
 * @throws as `openSession`; from `run`: io once the worker has ended
 */
export async function openWorkerSession(
  model: Uint8Array | string,
  options: SessionOptions = {},
): Promise<Session> {
  const file = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
  const workerData: WorkerStart = { model, options };
  const worker = new Worker(new URL(file, import.meta.url), { workerData });
  const [ready] = (await once(worker, "message")) as [WorkerReady | { failure: WorkerFailure }];
  if ("failure" in ready) {
    await worker.terminate();
    throw toError(ready.failure);
  }
  const waiting = new Map<number, PromiseWithResolvers<Record<string, Tensor>>>();
  const exit = new Promise((resolve) => worker.once("exit", resolve));
  let ended: unknown;
  const failAll = (error: unknown) => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", (reply: WorkerReply) => {
    const pending = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ("failure" in reply) pending?.reject(toError(reply.failure));
    else pending?.resolve(reply.results);
  });
  worker.on("error", failAll);
  worker.on("exit", () => failAll(new NearfoldError("io", "the worker of a session has ended")));
  // An idle session does not keep the process alive.
  worker.unref();
  let calls = 0;
  return {
    ...ready,
    run: async (feeds, { outputs, into = {} }: RunOptions = {}) => {
      // To a worker that is gone a message is lost without a word.
      if (ended !== undefined) throw ended;
      const id = calls++;
      const pending = Promise.withResolvers<Record<string, Tensor>>();
      waiting.set(id, pending);
      worker.ref();
      const call: WorkerCall = {
        id,
        feeds: pick(feeds, ready.inputNames),
        ...(outputs && { outputs }),
      };
      worker.postMessage(call);
      const results = await pending.promise.finally(() => {
        if (waiting.size === 0) worker.unref();
      });
      for (const [name, tensor] of Object.entries(into)) {
        (tensor.data as Float32Array).set(results[name].data as Float32Array);
        results[name] = tensor;
      }
      return results;
    },
    [Symbol.asyncDispose]: async () => {
      // Terminated in the middle of a run, ONNX Runtime's binding takes the whole process with it: the worker ends by itself, between two.
      worker.ref();
      worker.postMessage("close");
      await exit;
    },
  };
}

function pick(feeds: Feeds, names: readonly string[]): Feeds {
  return Object.fromEntries(names.flatMap((name) => (feeds[name] ? [[name, feeds[name]]] : [])));
}

function toError({ code, message }: WorkerFailure): NearfoldError {
  return new NearfoldError(code, message);
}
