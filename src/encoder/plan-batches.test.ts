import { describe, expect, test } from "vitest";
import { planBatches } from "./plan-batches.ts";

describe("batches by token budget", () => {
  test.each<[name: string, lengths: number[], tokens: number, wanted: number[][]]>([
    ["nothing", [], 10, []],
    ["all in one", [3, 2, 4], 10, [[2, 0, 1]]],
    ["exactly the budget", [5, 5], 10, [[0, 1]]],
    ["one token too many", [5, 6], 10, [[1], [0]]],
    ["longest first, of equal length in their order", [2, 8, 2, 9], 10, [[3], [1, 0], [2]]],
    ["a text over the budget alone", [1, 50], 10, [[1], [0]]],
    ["texts without tokens are in no batch", [0, 3, 0], 10, [[1]]],
  ])("%s", (_, lengths, maxBatchTokens, wanted) => {
    expect(planBatches(lengths, { maxBatchTokens })).toEqual(wanted);
  });

  test("and by the number of texts", () => {
    const limits = { maxBatchTokens: 100, maxBatchTexts: 2 };
    expect(planBatches([1, 1, 1], limits)).toEqual([[0, 1], [2]]);
  });
});
