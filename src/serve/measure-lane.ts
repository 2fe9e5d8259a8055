/** How large a batch is worth being on this machine, by trying. */
import { chooseBudget, isGrowing, laneOf, type Sample } from "./queue/speed.ts";
import type { Lane } from "./queue/waiting.ts";

export interface MeasureLaneOptions {
  /** Runs these on each session with a share of the cores, all at once; they are also its first runs, which are slower than the rest. */
  readonly run: (sequences: readonly Int32Array[]) => Promise<unknown>;
  /** The same on the session with all cores. @default there is none */
  readonly runWide?: (sequences: readonly Int32Array[]) => Promise<unknown>;
  readonly vocabSize: number;
  /** The longest sequence that the model takes. */
  readonly maxTokens: number;
  readonly sliceMs: number;
  /** The budget, where it is not to be found out. */
  readonly budgetTokens?: number;
  readonly now: () => number;
  /** No larger batch is tried after so many milliseconds. @default 2,000 */
  readonly patienceMs?: number;
}

const FIRST_TOKENS = 64;
/** Larger batches than this gain nothing on CPUs, and their activations leave the caches. */
const LAST_TOKENS = 4096;
/** Of the sequences that are tried: a short document. */
const SEQUENCE = 64;

/**
 * Batches of twice as many tokens each, until they get no faster. Of two runs of a size the faster counts.
 * @throws as `run`
 */
export async function measureLane(options: MeasureLaneOptions): Promise<Lane> {
  const { run, runWide, now, sliceMs, budgetTokens, patienceMs = 2000 } = options;
  const started = now();
  const samples: Sample[] = [];
  const last = Math.min(budgetTokens ?? LAST_TOKENS, LAST_TOKENS);
  const time = async (tokens: number, once: typeof run): Promise<Sample> => {
    const sequences = sequencesOf(tokens, options);
    const times: number[] = [];
    for (const _ of [1, 2]) {
      const start = now();
      await once(sequences);
      times.push(now() - start);
    }
    // A clock that stood still says nothing.
    return { tokens, ms: Math.max(Math.min(...times), 1e-3) };
  };
  for (let tokens = Math.min(FIRST_TOKENS, last); ; tokens = Math.min(2 * tokens, last)) {
    samples.push(await time(tokens, run));
    const enough = tokens >= last || !isGrowing(samples);
    if (enough || now() - started > patienceMs) break;
  }
  const best = chooseBudget(samples);
  const wide = runWide && (await time(Math.min(2 * FIRST_TOKENS, last), runWide));
  const limits = { sliceMs, budgetTokens: budgetTokens ?? best.tokens };
  return laneOf(best.tokens / best.ms, limits, wide && wide.tokens / wide.ms);
}

function sequencesOf(
  tokens: number,
  { vocabSize, maxTokens }: Pick<MeasureLaneOptions, "vocabSize" | "maxTokens">,
): Int32Array[] {
  const longest = Math.min(SEQUENCE, maxTokens);
  const count = Math.ceil(tokens / longest);
  return Array.from({ length: count }, (_, i) => {
    const length = Math.min(longest, tokens - i * longest);
    // Ids from all over the table, as texts have them.
    return Int32Array.from({ length }, (_, j) => ((i * longest + j) * 7919) % vocabSize);
  });
}
