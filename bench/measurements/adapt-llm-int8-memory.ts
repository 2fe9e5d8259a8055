import { MEMORY_STEPS, peakOf } from "../adapting-memory.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";

/** The float weights are there while the codes are made of them. */
export const adaptLlmInt8Memory: Measurement = {
  about: `adapt-llm-memory beside a base of int8: the most of ${MEMORY_STEPS} steps, loading included`,
  unit: "MB",
  better: "lower",
  targets: [1],
  missing: needs("data", "smolLm2"),
  run: () => peakOf("int8"),
};
