import { Worker } from "node:worker_threads";

/** Rows of some columns, from the one on and before the other. */
export interface ParquetRequest {
  readonly columns: string[];
  readonly rowStart: number;
  readonly rowEnd: number;
}

export type ParquetReply =
  | { readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | { readonly failure: string };

/** Reads rows one request after the other. Close with `await using`. */
export interface ParquetReader extends AsyncDisposable {
  /** @throws an Error that says what is wrong with the file, after `timeoutMs` at the latest */
  read(
    request: ParquetRequest,
    timeoutMs: number,
  ): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/**
 * Opens a Parquet file in a thread of its own. Damaged pages make a decoder run in circles or fill the memory, and a thread can be ended; and what is decoded does not
 * hold up what is encoded meanwhile.
 */
export function openParquetReader(path: string): ParquetReader {
  const file = import.meta.url.endsWith(".ts") ? "./parquet-worker.ts" : "./parquet-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), { workerData: path });
  let pending: PromiseWithResolvers<ParquetReply> | undefined;
  worker.on("message", (reply: ParquetReply) => pending?.resolve(reply));
  worker.on("error", (error) => pending?.reject(error));
  worker.on("exit", () => pending?.reject(new Error("its reader has ended")));
  worker.unref();
  return {
    read: async (request, timeoutMs) => {
      pending = Promise.withResolvers();
      const { reject } = pending;
      const timer = setTimeout(() => reject(new Error("pages that have no end")), timeoutMs);
      worker.ref();
      worker.postMessage(request);
      try {
        const reply = await pending.promise;
        if ("failure" in reply) throw new Error(reply.failure);
        return reply.rows;
      } finally {
        clearTimeout(timer);
        worker.unref();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await worker.terminate();
    },
  };
}
