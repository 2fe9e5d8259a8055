/** The other end of `openWorkerSession`. */
import { answerCalls } from "../worker-calls.ts";
import { openSession } from "./session.ts";
import { yieldToOthers } from "./thread-priority.ts";
import type { WorkerReady, WorkerResults, WorkerRun, WorkerStart } from "./worker-session.ts";

await answerCalls<WorkerStart, WorkerReady, WorkerRun, WorkerResults>(
  async ({ model, options }) => {
    // Before the session is opened: its own threads begin as this one is.
    if (options.background) yieldToOthers();
    const { inputNames, outputNames, run } = await openSession(model, options);
    return {
      ready: { inputNames, outputNames },
      answer: ({ feeds, outputs }) => run(feeds, outputs ? { outputs } : {}),
      transfer: (results) => {
        return [...new Set(Object.values(results).map(({ data }) => data.buffer as ArrayBuffer))];
      },
    };
  },
);
