import { trainAgainstTorch } from "../against-torch.ts";
import type { Measurement } from "../result.ts";
import { makeBatch } from "../workload.ts";

/** Beside what is fastest for PyTorch where the CPU has AVX512_BF16. */
export const trainStepInt8: Measurement = {
  about: "the training step of train-step with its products in int8, beside bfloat16 autocast",
  unit: "ms",
  better: "lower",
  targets: [1.15],
  run: () =>
    trainAgainstTorch(makeBatch(Array<number>(32).fill(64)), {
      modes: [{ dtype: "bfloat16", attention: "eager" }],
      runs: 9,
      precision: "int8",
    }),
};
