import { trainAgainstTorch } from "../against-torch.ts";
import type { Measurement } from "../result.ts";
import { makeBatch } from "../workload.ts";

/** Eager attention and fused AdamW: what is fastest for PyTorch at this size. */
export const trainStep: Measurement = {
  about: "one training step of 6 layers × 384, 16 pairs of 64 tokens, AdamW included",
  unit: "ms",
  better: "lower",
  targets: [1.5],
  run: () =>
    trainAgainstTorch(makeBatch(Array<number>(32).fill(64)), {
      modes: [
        { dtype: "float32", attention: "eager" },
        { dtype: "bfloat16", attention: "eager" },
      ],
      runs: 7,
    }),
};
