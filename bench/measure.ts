/** Runs of several sides taken in turn, and what is said about them. Everything but the loop is pure. */
import { setTimeout as sleep } from "node:timers/promises";

/** Whether a smaller or a larger figure is the better one. */
export type Better = "lower" | "higher";

/** One of the contestants: `run` does the work once and returns its figure, timed where the work is done. */
export interface Side {
  readonly run: () => Promise<number>;
}

export interface InterleaveOptions {
  /** Counted rounds. */
  readonly runs: number;
  /** Rounds before them, not counted. @default 2 */
  readonly warmUps?: number;
  /** Between any two runs, so that the threads of the one have gone to sleep when the other starts. @default 50 */
  readonly pauseMs?: number;
}

/**
 * Runs all sides in each round, in turning order, so that what the machine does meanwhile hits all alike.
 * Returns the figures of each side.
 */
export async function interleave(
  sides: readonly Side[],
  { runs, warmUps = 2, pauseMs = 50 }: InterleaveOptions,
): Promise<number[][]> {
  const figures = sides.map((): number[] => []);
  for (let round = -warmUps; round < runs; round++) {
    for (const index of turn(sides.length, round + warmUps)) {
      const figure = await sides[index].run();
      if (round >= 0) figures[index].push(figure);
      await sleep(pauseMs);
    }
  }
  return figures;
}

/** The order of `count` sides in a round: every other round backwards, so that none is always first. */
export function turn(count: number, round: number): number[] {
  const order = [...Array(count).keys()];
  return round % 2 === 0 ? order : order.reverse();
}

/** The value at a fraction of the sorted samples, between two of them linearly; NaN of none. */
export function quantile(samples: readonly number[], fraction: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = fraction * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

export function mean(samples: ArrayLike<number>): number {
  return Array.from(samples).reduce((sum, x) => sum + x, 0) / samples.length;
}

/** Interquartile range over median: 0.05 means that half of the runs lie within 5 % of each other. */
export function spreadOf(samples: readonly number[]): number {
  return (quantile(samples, 0.75) - quantile(samples, 0.25)) / median(samples);
}

/** How many times as good ours is as the peer's: above 1 where ours is better. */
export function ratioOf(ours: number, peer: number, better: Better): number {
  return better === "lower" ? peer / ours : ours / peer;
}

/** The milliseconds that some work takes, and its result. */
export async function timed<T>(work: () => T | Promise<T>): Promise<{ ms: number; result: T }> {
  const start = performance.now();
  const result = await work();
  return { ms: performance.now() - start, result };
}
