/** The other end of `openWorkerSession`. */
import { parentPort, workerData } from "node:worker_threads";
import { NearfoldError } from "../errors.ts";
import { openSession } from "./session.ts";
import { yieldToOthers } from "./thread-priority.ts";
import type { WorkerCall, WorkerFailure, WorkerStart } from "./worker-session.ts";

/** Of a session in the background: about a fifth of a core that others want too. */
const NICENESS = 6;

const port = parentPort!;
const { model, options } = workerData as WorkerStart;
// Before the session is opened: its own threads begin as this one is.
if (options.background) yieldToOthers(NICENESS);

const describe = (error: unknown): WorkerFailure => ({
  code: error instanceof NearfoldError ? error.code : "bug",
  message: (error as Error).message,
});

try {
  const session = await openSession(model, options);
  port.on("message", async (call: WorkerCall | "close") => {
    // Of this thread alone; asked for here, no run is under way in native code.
    if (call === "close") process.exit();
    const { id, feeds, outputs } = call;
    try {
      const results = await session.run(feeds, outputs ? { outputs } : {});
      const buffers = Object.values(results).map(({ data }) => data.buffer as ArrayBuffer);
      port.postMessage({ id, results }, [...new Set(buffers)]);
    } catch (error) {
      port.postMessage({ id, failure: describe(error) });
    }
  });
  port.postMessage({ inputNames: session.inputNames, outputNames: session.outputNames });
} catch (error) {
  port.postMessage({ failure: describe(error) });
}
