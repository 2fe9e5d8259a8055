import { trainAgainstTorch } from "../against-torch.ts";
import type { Measurement } from "../result.ts";
import { makeBatch, mixedLengths } from "../workload.ts";

/** In each dtype the attention that is fastest for PyTorch at this padding. */
export const trainStepMixed: Measurement = {
  about: "the training step on 32 sequences of 8–180 tokens: packed here, padded in PyTorch",
  unit: "ms",
  better: "lower",
  targets: [2.5, 1.5],
  run: () =>
    trainAgainstTorch(makeBatch(mixedLengths(32, 8, 180)), {
      modes: [
        { dtype: "float32", attention: "sdpa" },
        { dtype: "bfloat16", attention: "eager" },
      ],
      runs: 5,
    }),
};
