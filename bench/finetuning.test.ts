import { describe, expect, test } from "vitest";
import { withDefaults } from "../src/train/options.ts";
import { tokenBatches } from "../src/train/token-batches.ts";
import { texts, tinyBert } from "../test/tiny-models.ts";
import type { Child } from "./child.ts";
import { peerSchedule, peerStep, stepInTurn, type TextBatch, textBatches } from "./finetuning.ts";

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

describe("steps in turn", () => {
  const batch = (tokens: number): TextBatch => ({ anchors: ["a"], positives: ["p"], tokens });

  test("every side takes every batch in order; the first are not counted", async () => {
    const taken: number[] = [];
    const side = (ms: number) => async (batch: TextBatch) => {
      taken.push(batch.tokens);
      return { ms, loss: batch.tokens / 10 };
    };
    const batches = [10, 20, 30].map(batch);
    const [ours, theirs] = await stepInTurn([side(100), side(50)], batches, 1);
    expect(taken).toEqual([10, 10, 20, 20, 30, 30]);
    expect(ours).toEqual({ tokensPerSecond: [200, 300], losses: [1, 2, 3] });
    expect(theirs).toEqual({ tokensPerSecond: [400, 600], losses: [1, 2, 3] });
  });

  test("a peer that reads other tokens does other work", async () => {
    const peer = { ask: async () => ({ ms: 1, loss: 2, tokens: 20 }) } as unknown as Child;
    const step = peerStep("another", peer);
    expect(await step(batch(20))).toEqual({ ms: 1, loss: 2 });
    await expect(step(batch(21))).rejects.toThrow(/reads 20 tokens, we 21/u);
  });
});
