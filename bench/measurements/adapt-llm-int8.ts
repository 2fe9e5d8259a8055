import { finetuningSpeed } from "../finetuning-speed.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { captionsWork } from "../smollm2.ts";

/** As `adapt-llm-speed`, beside a base of codes. */
export const adaptLlmInt8: Measurement = {
  about:
    "adapting SmolLM2-135M by LoRA of rank 16 beside a base of int8, 32 pairs of captions a step: real tokens a second",
  unit: "tokens/s",
  better: "higher",
  targets: [4],
  missing: needs("data", "smolLm2"),
  run: async () => await finetuningSpeed(await captionsWork({ base: "int8" }), { steps: 9 }),
};
