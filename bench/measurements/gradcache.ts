import { join } from "node:path";
import { type Child, openChild } from "../child.ts";
import { interleave, median } from "../measure.ts";
import type { Finding, Measurement } from "../result.ts";

/** Pairs of the plain batch, and of a chunk of the large one. */
const CHUNK = 64;
const BATCH = 1024;
const TOKENS = 32;
const RUNS = 3;
/** Plain steps of a run, so that runs of the two are not too far from each other in length. */
const PLAIN_STEPS = 4;

interface Step extends Readonly<Record<string, unknown>> {
  readonly ms: number;
}

/**
 * What a batch through gradient caching costs, against one that fits in a chunk: time for each pair and peak memory. Each of the
 * two has a process of its own, so that its peak is its own. 4/3 is the arithmetic: a second forward pass for each backward,
 * which costs twice a forward.
 */
export const gradcache: Measurement = {
  about: `time for each pair of a batch of ${BATCH} pairs × ${TOKENS} tokens in chunks of ${CHUNK}, over that of a batch of ${CHUNK}`,
  unit: "×",
  better: "lower",
  targets: [1.45],
  async run(): Promise<Finding> {
    await using plain = openWorker();
    await using cached = openWorker();
    const common = { chunkPairs: CHUNK, tokens: TOKENS };
    await plain.ask("open", { ...common, pairs: CHUNK, steps: RUNS * PLAIN_STEPS });
    await cached.ask("open", { ...common, pairs: BATCH, steps: RUNS });
    const perPair = async (child: Child, steps: number, pairs: number) => {
      let total = 0;
      for (let step = 0; step < steps; step++) total += (await child.ask<Step>("step")).ms;
      return total / steps / pairs;
    };
    const [small, large] = await interleave(
      [{ run: () => perPair(plain, PLAIN_STEPS, CHUNK) }, { run: () => perPair(cached, 1, BATCH) }],
      { runs: RUNS, warmUps: 0 },
    );
    const { peakMb } = await plain.ask<{ peakMb: number }>("memory");
    const { peakMb: cachedPeakMb } = await cached.ask<{ peakMb: number }>("memory");
    return {
      ours: large.map((ms, run) => ms / small[run]),
      details: {
        plainMsPerPair: median(small),
        cachedMsPerPair: median(large),
        plainPeakMb: peakMb,
        cachedPeakMb,
        memoryRatio: cachedPeakMb / peakMb,
      },
    };
  },
};

function openWorker(): Child {
  return openChild(process.execPath, [join(import.meta.dirname, "../workers/gradcache.ts")]);
}
