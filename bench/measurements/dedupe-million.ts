import { measureDedupe } from "../dedupe-run.ts";
import { needs } from "../real-data.ts";
import type { Measurement } from "../result.ts";

/** The whole command. Thresholds come from judged pairs of other sentences. */
export const dedupeMillion: Measurement = {
  about:
    "minutes that nearfold dedupe takes for 1,000,000 variants of real sentences: exact, MinHash, potion's vectors; precision ≥ 0.99 and recall ≥ 0.95 of pairs, ≤ 4 GB",
  unit: "min",
  better: "lower",
  targets: [10],
  missing: needs("data", "miniLm"),
  run: measureDedupe,
};
