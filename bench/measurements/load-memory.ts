import { miniLm } from "../../test/minilm.ts";
import { smolLm2 } from "../../test/smollm2.ts";
import { type LoadMemory, memoryOf } from "../load-memory.ts";
import { median } from "../measure.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

const RUNS = 3;
const models = { miniLm, smolLm2 };

/**
 * Memory of an open encoder over that of its weights (float32; SmolLM2's lie in bfloat16). The peak while loading may be twice as much: so the
 * figure is the larger of the first and half the second, for the model that fares worse.
 */
export const loadMemory: Measurement = {
  about: "memory of a loaded encoder, or half of its peak while loading, over that of its weights",
  unit: "×",
  better: "lower",
  targets: [1.2],
  missing: needs("miniLm", "smolLm2"),
  async run(log): Promise<Finding> {
    const ours: number[][] = [];
    const details: Record<string, number> = {};
    for (const [name, folder] of Object.entries(models)) {
      const runs: LoadMemory[] = [];
      for (let run = 0; run < RUNS; run++) runs.push(await memoryOf(folder));
      ours.push(runs.map(({ resident, peak }) => Math.max(resident, peak / 2)));
      const resident = median(runs.map((run) => run.resident));
      const peak = median(runs.map((run) => run.peak));
      details[`${name}WeightsMb`] = runs[0].weightsMb;
      details[`${name}Resident`] = resident;
      details[`${name}Peak`] = peak;
      log(`${name}: ${resident.toFixed(2)} resident, ${peak.toFixed(2)} at the peak`);
    }
    return { ours: ours.reduce((a, b) => (median(a) > median(b) ? a : b)), details };
  },
};
