import type { Tensor } from "../tensor/tensor.ts";
import { openWorkerCalls } from "../worker-calls.ts";
import type { Feeds, RunOptions, Session, SessionOptions } from "./session.ts";

/** What the worker opens. */
export interface WorkerStart {
  readonly model: Uint8Array | string;
  readonly options: SessionOptions;
}
export interface WorkerRun {
  readonly feeds: Feeds;
  readonly outputs?: readonly string[];
}
export interface WorkerReady {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}
export type WorkerResults = Record<string, Tensor>;

/**
 * Opens a model in a thread of its own: runs leave this thread's event loop free, and are done in the order they are asked for.
 * Feeds over a SharedArrayBuffer are not copied, others are. Preallocated outputs are filled by a copy.
 * @throws as `openSession`; from `run`: io once the worker has ended
 */
export async function openWorkerSession(
  model: Uint8Array | string,
  options: SessionOptions = {},
): Promise<Session> {
  const start: WorkerStart = { model, options };
  const worker = await openWorkerCalls<WorkerReady, WorkerRun, WorkerResults>(
    new URL("./worker", import.meta.url),
    start,
  );
  const { ready } = worker;
  return {
    ...ready,
    run: async (feeds, { outputs, into = {} }: RunOptions = {}) => {
      const read = pick(feeds, ready.inputNames);
      const results = await worker.call({ feeds: read, ...(outputs && { outputs }) });
      for (const [name, tensor] of Object.entries(into)) {
        (tensor.data as Float32Array).set(results[name].data as Float32Array);
        results[name] = tensor;
      }
      return results;
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}

function pick(feeds: Feeds, names: readonly string[]): Feeds {
  return Object.fromEntries(names.flatMap((name) => (feeds[name] ? [[name, feeds[name]]] : [])));
}
