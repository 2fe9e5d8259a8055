import { describe, expect, test } from "vitest";
import type { Child } from "./child.ts";
import { peerStep, stepInTurn } from "./finetuning.ts";
import type { TextBatch } from "./text-batches.ts";

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
