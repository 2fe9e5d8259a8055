import { bootstrapMean, pairedTest } from "../../src/evaluate/index.ts";
import { type Precision, train, trainToEnd } from "../../src/train/index.ts";
import { mean, median } from "../measure.ts";
import { ndcg } from "../quality.ts";
import { needs, readScifact } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";
import { rankByUs, scifactWork } from "../scifact.ts";

/** The same batches, the same masks of dropout: only the precision differs. The target is the low end of the paired bootstrap interval (95 %) as a share. */
export const finetuneScifactInt8: Measurement = {
  about: "finetune-scifact with its products in int8, beside float32: nDCG@10 of the test claims",
  unit: "nDCG@10",
  better: "higher",
  targets: [0.985],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const int8 = await fineTuned("int8", log);
    const float32 = await fineTuned("float32", log);
    const differences = int8.scores.map((score, query) => score - float32.scores[query]);
    const { low, high } = bootstrapMean(differences, { seed: 1 });
    return {
      ours: [mean(int8.scores)],
      peers: [{ name: "float32", figures: [mean(float32.scores)] }],
      details: {
        difference: `${low.toFixed(4)} to ${high.toFixed(4)}`,
        p: pairedTest(int8.scores, float32.scores, { seed: 1 }).p,
        loss: mean(int8.losses),
        float32Loss: mean(float32.losses),
        tokensPerSecond: median(int8.tokensPerSecond),
        float32TokensPerSecond: median(float32.tokensPerSecond),
      },
    };
  },
};

async function fineTuned(precision: Precision, log: (line: string) => void) {
  const { model, pairs, options } = await scifactWork();
  const losses: number[] = [];
  const tokensPerSecond: number[] = [];
  const run = train(model, pairs, { ...options, precision });
  const trained = await trainToEnd(run, (event) => {
    if (event.type !== "step") return;
    losses.push(event.loss);
    tokensPerSecond.push(event.tokensPerSecond);
  });
  const test = await readScifact("test");
  const scores = ndcg(await rankByUs(trained, test), test);
  log(`${precision}: ${mean(scores).toFixed(4)}`);
  return { scores, losses, tokensPerSecond };
}
