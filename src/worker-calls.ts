/** Functions that run in a thread of their own: both ends. */
import { once } from "node:events";
import { parentPort, type Transferable, Worker, workerData } from "node:worker_threads";
import { type ErrorCode, NearfoldError } from "./errors.ts";

/** Close with `await using`. */
export interface WorkerCalls<Ready, Request, Answer> extends AsyncDisposable {
  /** What the other end said when it was open. */
  readonly ready: Ready;
  /**
   * Answered in the order of the calls.
   * @throws as the other end; io once it has ended
   */
  call(request: Request): Promise<Answer>;
}

/** What the other end does. */
export interface Answering<Ready, Request, Answer> {
  readonly ready: Ready;
  readonly answer: (request: Request) => Promise<Answer>;
  /** Buffers of an answer that are given away instead of copied. @default none */
  readonly transfer?: (answer: Answer) => Transferable[];
}

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}
type Opened<Ready> = { readonly ready: Ready } | { readonly failure: Failure };
type Reply<Answer> = { readonly id: number } & (
  | { readonly answer: Answer }
  | { readonly failure: Failure }
);

/**
 * Starts a thread that runs `file`, whose last line is `answerCalls`. An idle one does not keep the process alive.
 * @param file without its extension, beside the caller: `new URL("./worker", import.meta.url)`
 * @param start what `answerCalls` opens with; a copy
 * @throws as the other end's opening
 */
export async function openWorkerCalls<Ready, Request, Answer>(
  file: URL,
  start: unknown,
): Promise<WorkerCalls<Ready, Request, Answer>> {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const worker = new Worker(new URL(`${file.href}${extension}`), { workerData: start });
  const [opened] = (await once(worker, "message")) as [Opened<Ready>];
  if ("failure" in opened) {
    await worker.terminate();
    throw toError(opened.failure);
  }
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  const exit = new Promise((resolve) => worker.once("exit", resolve));
  let ended: unknown;
  const failAll = (error: unknown) => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", (reply: Reply<Answer>) => {
    const pending = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ("failure" in reply) pending?.reject(toError(reply.failure));
    else pending?.resolve(reply.answer);
  });
  worker.on("error", failAll);
  worker.on("exit", () => failAll(new NearfoldError("io", "the worker of a session has ended")));
  worker.unref();
  let calls = 0;
  return {
    ready: opened.ready,
    call: async (request) => {
      // To a worker that is gone a message is lost without a word.
      if (ended !== undefined) throw ended;
      const id = calls++;
      const pending = Promise.withResolvers<Answer>();
      waiting.set(id, pending);
      worker.ref();
      worker.postMessage({ id, request });
      return await pending.promise.finally(() => {
        if (waiting.size === 0) worker.unref();
      });
    },
    [Symbol.asyncDispose]: async () => {
      // Terminated in the middle of a run, ONNX Runtime's binding takes the whole process with it: the worker ends by itself, between two.
      worker.ref();
      worker.postMessage(CLOSE);
      await exit;
    },
  };
}

const CLOSE = "close";

/** The other end: opens, says so, and answers until it is closed. */
export async function answerCalls<Start, Ready, Request, Answer>(
  open: (start: Start) => Promise<Answering<Ready, Request, Answer>>,
): Promise<void> {
  const port = parentPort!;
  try {
    const { ready, answer, transfer = () => [] } = await open(workerData as Start);
    port.on("message", async (call: { id: number; request: Request } | typeof CLOSE) => {
      // Of this thread alone; asked for here, nothing is under way in native code.
      if (call === CLOSE) process.exit();
      try {
        const answered = await answer(call.request);
        port.postMessage({ id: call.id, answer: answered }, transfer(answered));
      } catch (error) {
        port.postMessage({ id: call.id, failure: toFailure(error) });
      }
    });
    port.postMessage({ ready });
  } catch (error) {
    port.postMessage({ failure: toFailure(error) });
  }
}

function toFailure(error: unknown): Failure {
  const code = error instanceof NearfoldError ? error.code : "bug";
  return { code, message: (error as Error).message };
}

function toError({ code, message }: Failure): NearfoldError {
  return new NearfoldError(code, message);
}
