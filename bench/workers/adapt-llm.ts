/** Our side of `adapt-llm-memory` and, given "int8", `adapt-llm-int8-memory`: training steps, and the peak of this process' memory. */

import { peakMemoryMb } from "../../src/plan/peak-memory.ts";
import { serve } from "../child.ts";
import { captionsWork } from "../smollm2.ts";
import { openTraining } from "../training.ts";

const { model, pairs, options } = await captionsWork(
  process.argv[2] === "int8" ? { base: "int8" } : {},
);
await using training = openTraining(model, pairs, options);

await serve({
  step: async () => ({ ...(await training.step()) }),
  memory: () => ({ peakMb: peakMemoryMb() }),
});
