/** When the requests of a load are sent, and what their times say: pure. */
import { sequence } from "../../graph/index.ts";

export interface ArrivalOptions {
  readonly perSecond: number;
  readonly seconds: number;
  readonly seed: number;
}

/** Milliseconds from the start, ascending: a Poisson process, as of clients that know nothing of each other. */
export function arrivalTimes({ perSecond, seconds, seed }: ArrivalOptions): number[] {
  const random = sequence(seed);
  const times: number[] = [];
  // The time between two is exponential; 1 - u is never 0.
  const next = () => (-1000 * Math.log(1 - random())) / perSecond;
  for (let at = next(); at < 1000 * seconds; at += next()) times.push(at);
  return times;
}

/** Milliseconds. */
export interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Of none, all are NaN. The percentile is the smallest value that so many are not above (nearest rank). */
export function latenciesOf(times: readonly number[]): Latencies {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
