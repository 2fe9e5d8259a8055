import { sequence } from "../../src/graph/rng.ts";
import { median } from "../measure.ts";
import type { Measurement } from "../result.ts";
import { benchModel, openTraining, plainSteps, toPairs, toTexts } from "../training.ts";
import { makeBatch } from "../workload.ts";

const STEPS = 500;
/** Steps after which memory should be flat. */
const SETTLED = 50;
const SEQUENCES = 16;
const [SHORTEST, LONGEST] = [8, 104];

/**
 * How far resident memory strays over the later steps: (most − least) / median, in percent. Each step has 16 sequences of other
 * random lengths: few, so that 500 steps take minutes.
 */
export const trainMemory: Measurement = {
  about:
    "memory over 500 training steps of mixed lengths (8 pairs of 8–104 tokens): change after step 50",
  unit: "%",
  better: "lower",
  targets: [10],
  async run(log) {
    const next = sequence(1);
    const length = () => SHORTEST + Math.floor(next() * (LONGEST - SHORTEST + 1));
    const lengths = Array.from({ length: SEQUENCES * STEPS }, length);
    const pairs = toPairs(toTexts(makeBatch(lengths)));
    await using training = openTraining(benchModel(), pairs, {
      ...plainSteps,
      batchSize: SEQUENCES / 2,
    });
    const megabytes: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      await training.step();
      megabytes.push(process.memoryUsage.rss() / 1e6);
      if ((step + 1) % 100 === 0) log(`step ${step + 1}: ${Math.round(megabytes[step])} MB`);
    }
    const settled = megabytes.slice(SETTLED);
    const [least, most, middle] = [Math.min(...settled), Math.max(...settled), median(settled)];
    return {
      ours: [(100 * (most - least)) / middle],
      details: {
        medianMb: middle,
        leastMb: least,
        mostMb: most,
        atSettledMb: megabytes[SETTLED],
        atEndMb: megabytes.at(-1)!,
      },
    };
  },
};
