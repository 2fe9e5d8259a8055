import { bug } from "../errors.ts";
import type { Session, SessionOptions } from "./session.ts";
import { openWorkerSession } from "./worker-session.ts";

/** Of the memory, for weights: what is passed on from layer to layer, and whatever else runs here, needs some too. */
const WEIGHTS_SHARE = 0.25;

/** How many sessions there is memory for, each with a copy of so many bytes of weights. */
export function fittingSessions(weightBytes: number, memoryBytes: number): number {
  return Math.floor((WEIGHTS_SHARE * memoryBytes) / Math.max(1, weightBytes));
}

/** Sessions of one graph that run at the same time. */
interface SessionPoolOptions extends SessionOptions {
  /** How many; each has its own copy of the weights as ONNX Runtime lays them out. */
  readonly workers: number;
}

/**
 * Opens a model in several threads; a run goes to one of those with the least to do. What several cores do to batches apart, each by one thread of its own, is more than what
 * they do together to one: no operator waits for the slower half of another.
 * @param options `threads` are those of each session, 1 by default
 */
export async function openSessionPool(
  model: Uint8Array | string,
  { workers, threads = 1, ...options }: SessionPoolOptions,
): Promise<Session> {
  if (!(workers >= 1)) throw bug("a pool without workers", { got: `${workers}` });
  await using stack = new AsyncDisposableStack();
  const open = Array.from({ length: workers }, () =>
    openWorkerSession(model, { ...options, threads }),
  );
  // All are waited for, so that none is left open where another fails.
  const settled = await Promise.allSettled(open);
  for (const each of settled) if (each.status === "fulfilled") stack.use(each.value);
  const sessions = await Promise.all(open);
  const busy = sessions.map(() => 0);
  const opened = stack.move();
  return {
    inputNames: sessions[0].inputNames,
    outputNames: sessions[0].outputNames,
    run: async (feeds, run) => {
      const at = busy.indexOf(Math.min(...busy));
      busy[at]++;
      try {
        return await sessions[at].run(feeds, run);
      } finally {
        busy[at]--;
      }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
