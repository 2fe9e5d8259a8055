/** What a server says of itself on a terminal: one line a minute. */
import type { ServerMetrics, Service } from "../serve/index.ts";
import type { Report } from "./progress.ts";

type Totals = ServerMetrics["totals"];

export interface MinutesOptions {
  readonly metrics: ServerMetrics;
  readonly service: Service;
  readonly report: Report;
  /** Milliseconds from any beginning. */
  readonly now: () => number;
  /** @default a minute */
  readonly everyMs?: number;
}

/** Reports each minute in which something was asked. It keeps no process alive. */
export function everyMinute(options: MinutesOptions): { stop(): void } {
  const { metrics, service, report, now, everyMs = 60_000 } = options;
  let before = { ...metrics.totals, at: now() };
  const timer = setInterval(() => {
    const [at, totals] = [now(), { ...metrics.totals }];
    const change = difference(totals, before);
    const seconds = (at - before.at) / 1000;
    before = { ...totals, at };
    if (change.requests + change.failures + change.rejected === 0) return;
    const waiting = service.depth("interactive").requests + service.depth("bulk").requests;
    const memoryMb = Math.round(process.memoryUsage.rss() / 1e6);
    const text = `${totalsLine(change, seconds)}; ${waiting} waiting, ${memoryMb} MB`;
    report({ type: "note", text, data: { seconds, ...change, waiting, memoryMb } });
  }, everyMs).unref();
  return { stop: () => clearInterval(timer) };
}

/** "1,200 requests in 60 s (20.0/s), 0 failed, 3 refused; 4,800 texts, 96,000 tokens; models busy 41 %". */
export function totalsLine(totals: Totals, seconds: number): string {
  const { requests, failures, rejected, inputs, tokens, busyMs } = totals;
  const count = (value: number) => value.toLocaleString("en");
  const rate = (requests / seconds).toFixed(1);
  const busy = Math.round((busyMs / 10 / seconds) as number);
  return [
    `${count(requests)} requests in ${Math.round(seconds)} s (${rate}/s), ${count(failures)} failed, ${count(rejected)} refused`,
    `${count(inputs)} texts, ${count(tokens)} tokens`,
    `models busy ${busy} %`,
  ].join("; ");
}

function difference(totals: Totals, before: Totals): Totals {
  return {
    requests: totals.requests - before.requests,
    failures: totals.failures - before.failures,
    rejected: totals.rejected - before.rejected,
    inputs: totals.inputs - before.inputs,
    tokens: totals.tokens - before.tokens,
    busyMs: totals.busyMs - before.busyMs,
  };
}
