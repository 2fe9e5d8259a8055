import { describe, expect, test } from "vitest";
import { withDefaults } from "../src/train/options.ts";
import { tokenBatches } from "../src/train/token-batches.ts";
import { texts, tinyBert } from "../test/tiny-models.ts";
import { peerSchedule, textBatches } from "./text-batches.ts";

const model = tinyBert();
const [first] = texts;
// One anchor stands in two pairs, which therefore may not meet in a batch.
const pairs = Array.from({ length: 7 }, (_, i) => ({
  anchor: i === 6 ? `${first} 0` : `${first} ${i}`,
  positive: `${i} ${first}`,
  negatives: [],
}));
const options = { batchSize: 3, epochs: 2, seed: 5 };

describe("batches as texts", () => {
  const found = textBatches(model, pairs, options);
  const plan = tokenBatches(model, [{ rows: pairs }], withDefaults(options));

  test("are those of the trainer, in its order", () => {
    expect(found).toHaveLength(plan.totalSteps);
    found.forEach(({ anchors, positives, tokens }, step) => {
      const sequences = [...anchors, ...positives].map((text) => model.tokenizer.encode(text).ids);
      expect(plan.batch(step).batch.sequences).toEqual(sequences);
      expect(tokens).toBe(sequences.reduce((sum, { length }) => sum + length, 0));
    });
  });
});

test("a schedule is the trainer's, its warm-up rounded up", () => {
  const schedule = { learningRate: 1e-3, warmup: 0.1, weightDecay: 0.02, clip: 0, seed: 3 };
  expect(peerSchedule({ ...schedule, decay: "cosine" }, 58)).toEqual({
    rate: 1e-3,
    warmup_steps: 6,
    total_steps: 58,
    weight_decay: 0.02,
    decay: "cosine",
    clip: 0,
    seed: 3,
  });
});
