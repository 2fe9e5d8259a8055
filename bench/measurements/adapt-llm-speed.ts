import { finetuningSpeed } from "../finetuning-speed.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { captionsWork } from "../smollm2.ts";

/** The first steps of the training that `adapt-llm` takes to its end. */
export const adaptLlmSpeed: Measurement = {
  about:
    "adapting SmolLM2-135M by LoRA of rank 16, 32 pairs of captions a step: real tokens a second",
  unit: "tokens/s",
  better: "higher",
  targets: [2.5],
  missing: needs("data", "smolLm2"),
  run: async () => await finetuningSpeed(await captionsWork(), { steps: 9 }),
};
