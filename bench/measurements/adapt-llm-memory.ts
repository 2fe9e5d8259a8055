import { MEMORY_STEPS, peakOf } from "../adapting-memory.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";

/** Loading included; each side in a process of its own, on the same batches. */
export const adaptLlmMemory: Measurement = {
  about: `the most memory of ${MEMORY_STEPS} steps of adapting SmolLM2-135M by LoRA of rank 16, loading included`,
  unit: "MB",
  better: "lower",
  targets: [1],
  missing: needs("data", "smolLm2"),
  run: () => peakOf("float32"),
};
