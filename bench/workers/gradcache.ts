/** One side of the measurement `gradcache`: training steps of one batch size, and the peak of this process' memory. */

import { peakMemoryMb } from "../../src/plan/peak-memory.ts";
import { serve } from "../child.ts";
import {
  benchModel,
  openTraining,
  plainSteps,
  type Training,
  toPairs,
  toTexts,
} from "../training.ts";
import { makeBatch } from "../workload.ts";

interface Open {
  readonly pairs: number;
  readonly chunkPairs: number;
  readonly tokens: number;
  readonly steps: number;
}

let training: Training | undefined;

await serve({
  open: ({ pairs, chunkPairs, tokens, steps }: Open) => {
    const texts = toTexts(makeBatch(Array<number>(2 * pairs).fill(tokens)));
    training = openTraining(benchModel(), toPairs(texts), {
      ...plainSteps,
      batchSize: pairs,
      epochs: steps,
      chunkSize: 2 * chunkPairs,
    });
    return {};
  },
  step: async () => ({ ...(await training!.step()) }),
  memory: () => ({ peakMb: peakMemoryMb() }),
});
await training?.[Symbol.asyncDispose]();
