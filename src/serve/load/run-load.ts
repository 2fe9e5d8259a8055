/** Loads of queries: those that come when they come, and those of clients that ask again when they are answered; bulk beside them. */
import { setTimeout as sleep } from "node:timers/promises";
import { throwIfAborted } from "../../errors.ts";
import { type ArrivalOptions, arrivalTimes, type Latencies, latenciesOf } from "./arrivals.ts";
import { type BulkLoad, type BulkResult, PAUSE_MS, runBulkStreams } from "./bulk-streams.ts";
import type { Send } from "./sender.ts";

interface CommonOptions {
  readonly send: Send;
  /** Each request has one of them, in turn. */
  readonly queries: readonly string[];
  /** @default none */
  readonly bulk?: BulkLoad;
  readonly signal?: AbortSignal;
}

export interface LoadOptions extends CommonOptions, ArrivalOptions {
  /** Told of each query that was answered. */
  readonly onProgress?: (done: number) => void;
}

export interface ClosedLoadOptions extends CommonOptions {
  /** Each asks again once it is answered. */
  readonly clients: number;
  readonly seconds: number;
  /** Told with each answer how many seconds have passed. */
  readonly onProgress?: (seconds: number) => void;
}

interface Figures {
  readonly seconds: number;
  /** Of those answered by 200. */
  readonly latencies: Latencies;
  /** The same of refusals by 429. */
  readonly refused: Latencies;
  /** Any other answer, or none. */
  readonly failed: number;
  /** By 200, until the last answer was there: goodput. */
  readonly answeredPerSecond: number;
  readonly bulk?: BulkResult;
  /** CPU time of this process for each second, in cores. */
  readonly senderCores: number;
}

/** Latencies are from the time that a query was to be sent, which counts where the sender was late too. */
export interface OpenLoadResult extends Figures {
  readonly perSecond: number;
  /** The longest that a query was sent after its time. */
  readonly lateMs: number;
}

export interface ClosedLoadResult extends Figures {
  readonly clients: number;
}

export type LoadResult = OpenLoadResult | ClosedLoadResult;

/** Queries come as a Poisson process, whether those before are answered or not. @throws aborted */
export async function runLoad(options: LoadOptions): Promise<OpenLoadResult> {
  const { signal, onProgress, perSecond } = options;
  const times = arrivalTimes(options);
  let [lateMs, done] = [0, 0];
  const figures = await measure(options, async (ask, start) => {
    const waiting: Promise<unknown>[] = [];
    for (const time of times) {
      const due = start + time;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      throwIfAborted(signal, "the load");
      lateMs = Math.max(lateMs, performance.now() - due);
      waiting.push(ask(due).then(() => onProgress?.(++done)));
    }
    await Promise.all(waiting);
  });
  return { perSecond, ...figures, lateMs };
}

/** So many clients at once. One that is refused, or gets no answer, comes again a little later. @throws aborted */
export async function runClosedLoad(options: ClosedLoadOptions): Promise<ClosedLoadResult> {
  const { clients, seconds, signal, onProgress } = options;
  const figures = await measure(options, async (ask, start) => {
    const client = async () => {
      for (let now = start; now < start + 1000 * seconds; now = performance.now()) {
        throwIfAborted(signal, "the load");
        const status = await ask(performance.now());
        const passed = (performance.now() - start) / 1000;
        onProgress?.(Math.min(seconds, Math.round(10 * passed) / 10));
        if (status !== 200) await sleep(PAUSE_MS);
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
  });
  return { clients, ...figures };
}

/** Asks the next query, which was to be sent at `due`; gives the status. */
type Ask = (due: number) => Promise<number>;

async function measure(
  { send, queries, seconds, bulk: bulkLoad }: CommonOptions & { readonly seconds: number },
  drive: (ask: Ask, start: number) => Promise<void>,
): Promise<Figures> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const bulk = bulkLoad && runBulkStreams(send, bulkLoad, start + 1000 * seconds);
  const found: { readonly status: number; readonly ms: number }[] = [];
  let next = 0;
  await drive(async (due) => {
    const status = await send([queries[next++ % queries.length]], "interactive");
    found.push({ status, ms: performance.now() - due });
    return status;
  }, start);
  const took = performance.now() - start;
  const bulkFound = await bulk;
  const { user, system } = process.cpuUsage(cpu);
  const of = (wanted: number) =>
    latenciesOf(found.filter(({ status }) => status === wanted).map(({ ms }) => ms));
  const latencies = of(200);
  return {
    ...{ seconds, latencies, refused: of(429) },
    failed: found.filter(({ status }) => status !== 200 && status !== 429).length,
    answeredPerSecond: (1000 * latencies.count) / took,
    ...(bulkFound && { bulk: bulkFound }),
    senderCores: (user + system) / 1000 / (performance.now() - start),
  };
}
