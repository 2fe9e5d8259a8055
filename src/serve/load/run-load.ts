/** A load of queries that come when they come, and of bulk that goes on when it is answered. */
import { setTimeout as sleep } from "node:timers/promises";
import { throwIfAborted } from "../../errors.ts";
import { type ArrivalOptions, arrivalTimes, type Latencies, latenciesOf } from "./arrivals.ts";

/** Sends texts and gives the status of the answer, once all of it has arrived; 0 where there was none. */
export type Send = (texts: readonly string[], priority: "interactive" | "bulk") => Promise<number>;

export interface LoadOptions extends ArrivalOptions {
  readonly send: Send;
  /** Each request has one of them, in turn. */
  readonly queries: readonly string[];
  /** @default none */
  readonly bulk?: BulkLoad;
  readonly signal?: AbortSignal;
  /** Told of each query that was answered. */
  readonly onProgress?: (done: number) => void;
}

/** Requests one after another, as an indexer sends them. */
export interface BulkLoad {
  /** How many go at once. */
  readonly streams: number;
  /** Texts of a request. */
  readonly batch: number;
  readonly texts: readonly string[];
}

export interface LoadResult {
  readonly perSecond: number;
  readonly seconds: number;
  /** From the time that a query was to be sent, which counts where the sender was late too; of those answered by 200. */
  readonly latencies: Latencies;
  /** The same of refusals by 429. */
  readonly refused: Latencies;
  /** Any other answer, or none. */
  readonly failed: number;
  /** Texts a second, and refusals, of the bulk. */
  readonly bulk?: {
    readonly textsPerSecond: number;
    readonly refused: number;
    readonly failed: number;
  };
  /** The longest that a query was sent after its time. */
  readonly lateMs: number;
  /** CPU time of this process for each second, in cores. */
  readonly senderCores: number;
}

/** @throws aborted */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { send, queries, signal, onProgress, perSecond, seconds } = options;
  const times = arrivalTimes(options);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + 1000 * seconds;
  const bulk = options.bulk && startBulk(send, options.bulk, end);
  const found: { readonly status: number; readonly ms: number }[] = [];
  const waiting: Promise<void>[] = [];
  let lateMs = 0;
  for (const [i, time] of times.entries()) {
    const due = start + time;
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    throwIfAborted(signal, "the load");
    lateMs = Math.max(lateMs, performance.now() - due);
    const asked = send([queries[i % queries.length]], "interactive").then((status) => {
      found.push({ status, ms: performance.now() - due });
      onProgress?.(found.length);
    });
    waiting.push(asked);
  }
  await Promise.all(waiting);
  const bulkFound = await bulk;
  const { user, system } = process.cpuUsage(cpu);
  const of = (wanted: number) =>
    latenciesOf(found.filter(({ status }) => status === wanted).map(({ ms }) => ms));
  return {
    ...{ perSecond, seconds },
    latencies: of(200),
    refused: of(429),
    failed: found.filter(({ status }) => status !== 200 && status !== 429).length,
    ...(bulkFound && { bulk: bulkFound }),
    lateMs,
    senderCores: (user + system) / 1000 / (performance.now() - start),
  };
}

async function startBulk(send: Send, { streams, batch, texts }: BulkLoad, end: number) {
  const start = performance.now();
  let [done, refused, failed, next] = [0, 0, 0, 0];
  const stream = async () => {
    while (performance.now() < end) {
      const from = next;
      next += batch;
      const part = Array.from({ length: batch }, (_, i) => texts[(from + i) % texts.length]);
      const status = await send(part, "bulk");
      if (status === 200) done += batch;
      else if (status === 429) refused++;
      else failed++;
      // A refusal says to come later.
      if (status !== 200) await sleep(100);
    }
  };
  await Promise.all(Array.from({ length: streams }, stream));
  return { textsPerSecond: (1000 * done) / (performance.now() - start), refused, failed };
}
