import { train, trainToEnd } from "../../src/train/index.ts";
import { mean } from "../measure.ts";
import { stsOf } from "../quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";
import { type Base, captionsWork } from "../smollm2.ts";

const STEPS = 40;

/** How much an int8 base costs, at equal steps: ours with both bases, which begin with the same adapters. */
export const adaptLlmInt8Quality: Measurement = {
  about: `the first ${STEPS} steps of adapt-llm beside a base of int8, and beside its floats: Spearman on STS-B test`,
  unit: "ρ",
  better: "higher",
  // Within 0.01 of some 0.5.
  targets: [0.98],
  missing: needs("data", "smolLm2"),
  async run(log): Promise<Finding> {
    const [int8, float32] = [await adapted("int8"), await adapted("float32")];
    log(`int8: ${int8.quality.toFixed(4)}, float32: ${float32.quality.toFixed(4)}`);
    return {
      ours: [int8.quality],
      peers: [{ name: "float32 base", figures: [float32.quality] }],
      details: { loss: mean(int8.losses), float32Loss: mean(float32.losses), steps: STEPS },
    };
  },
};

async function adapted(base: Base) {
  const { model, pairs, options } = await captionsWork({ base });
  const losses: number[] = [];
  const some = pairs.slice(0, STEPS * options.batchSize!);
  const trained = await trainToEnd(train(model, some, options), (event) => {
    if (event.type === "step") losses.push(event.loss);
  });
  return { quality: await stsOf(trained), losses };
}
