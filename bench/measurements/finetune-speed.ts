import { finetuningSpeed } from "../finetuning-speed.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";
import { scifactWork } from "../scifact.ts";

/** The first steps of the training that `finetune-scifact` takes to its end. */
export const finetuneSpeed: Measurement = {
  about:
    "fine-tuning all-MiniLM-L6-v2 on SciFact, 32 pairs of claim and abstract a step: real tokens a second",
  unit: "tokens/s",
  better: "higher",
  targets: [2],
  missing: needs("data", "miniLm"),
  run: async () => await finetuningSpeed(await scifactWork(), { steps: 9 }),
};
