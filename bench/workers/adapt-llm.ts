/** Our side of the measurement `adapt-llm-memory`: training steps, and the peak of this process' memory. */
import { serve } from "../child.ts";
import { peakMemoryMb } from "../peak-memory.ts";
import { captionsWork } from "../smollm2.ts";
import { openTraining } from "../training.ts";

const { model, pairs, options } = await captionsWork();
await using training = openTraining(model, pairs, options);

await serve({
  step: async () => ({ ...(await training.step()) }),
  memory: () => ({ peakMb: peakMemoryMb() }),
});
