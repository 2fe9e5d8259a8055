/** Requests as JSON lines on stderr, by pino (https://getpino.io). Nothing of a text is ever in them. */
import { destination, pino, stdTimeFunctions } from "pino";
import type { RequestReport } from "../serve/index.ts";

/** Flushes when it is closed. */
export interface RequestLog extends Disposable {
  request(report: RequestReport): void;
  restart(restart: { readonly cause: unknown; readonly failed?: unknown }): void;
}

export function jsonLog(): RequestLog {
  // Written in the background: a slow reader of the log must not slow the answers.
  const stream = destination({ dest: 2, sync: false });
  const log = pino({ base: null, timestamp: stdTimeFunctions.isoTime }, stream);
  return {
    request: ({ method, path, status, ms, error, traceId }) => {
      const fields = {
        ...{ method, path, status, ms: Number(ms.toFixed(2)) },
        ...(traceId !== undefined && { trace_id: traceId }),
      };
      if (!error) return log.info(fields, "request");
      const { code, message } = error;
      if (status >= 500) log.error({ ...fields, code, err: error }, message);
      else log.warn({ ...fields, code }, message);
    },
    restart: ({ cause, failed }) => {
      if (failed === undefined) log.warn({ err: cause }, "a session is open again");
      else log.error({ err: failed }, "a session cannot be opened again");
    },
    [Symbol.dispose]: () => stream.flushSync(),
  };
}
