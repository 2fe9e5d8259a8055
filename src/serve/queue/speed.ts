/** How fast a session is, and what follows for its batches: pure decisions over measured times. */
import type { Lane } from "./waiting.ts";

/** A batch and the time that it took. */
export interface Sample {
  readonly tokens: number;
  readonly ms: number;
}

/** A batch need not be larger where it brings less than this share of the highest speed more. */
const NEAR_BEST = 0.95;
/** How much a new figure moves the one that is kept. */
const LEARNING = 0.2;

/** The smallest of the measured batches that is nearly as fast as the fastest, and its speed. */
export function chooseBudget(samples: readonly Sample[]): Sample {
  const speedOf = ({ tokens, ms }: Sample) => tokens / ms;
  const best = Math.max(...samples.map(speedOf));
  const bySize = samples.toSorted((a, b) => a.tokens - b.tokens);
  return bySize.find((sample) => speedOf(sample) >= NEAR_BEST * best)!;
}

/** Whether a larger batch is worth trying: the last one was faster than those before it. */
export function isGrowing(samples: readonly Sample[]): boolean {
  const speeds = samples.map(({ tokens, ms }) => tokens / ms);
  const last = speeds.pop();
  if (last === undefined || speeds.length === 0) return true;
  return last * NEAR_BEST > Math.max(...speeds);
}

export interface LaneLimits {
  readonly budgetTokens: number;
  /** Milliseconds that a slice of bulk may take. */
  readonly sliceMs: number;
}

/** @param widePerMs tokens that a session with all cores does in a millisecond; 0 where there is none */
export function laneOf(
  tokensPerMs: number,
  { budgetTokens, sliceMs }: LaneLimits,
  widePerMs = 0,
): Lane {
  const sliceTokens = Math.max(1, Math.min(budgetTokens, Math.floor(tokensPerMs * sliceMs)));
  return { budgetTokens, sliceTokens, tokensPerMs, wideTokens: Math.floor(widePerMs * sliceMs) };
}

/**
 * The lane after one more batch. Batches much smaller than a slice say little: most of their time is not spent on tokens.
 */
export function learnSpeed(lane: Lane, { tokens, ms }: Sample, limits: LaneLimits): Lane {
  if (tokens < lane.sliceTokens / 2 || !(ms > 0)) return lane;
  const found = tokens / ms;
  const { tokensPerMs, wideTokens } = lane;
  return { ...laneOf(tokensPerMs + LEARNING * (found - tokensPerMs), limits), wideTokens };
}
