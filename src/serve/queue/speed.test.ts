import { describe, expect, test } from "vitest";
import { chooseBudget, isGrowing, laneOf, learnSpeed, type Sample } from "./speed.ts";

/** Tokens and the speed in tokens for each millisecond. */
const at = (...pairs: readonly (readonly [number, number])[]): Sample[] =>
  pairs.map(([tokens, speed]) => ({ tokens, ms: tokens / speed }));

describe("the budget is the smallest batch that is nearly the fastest", () => {
  test.each<[rule: string, samples: Sample[], tokens: number]>([
    ["alone", at([64, 1]), 64],
    ["still growing", at([64, 1], [128, 2], [256, 4]), 256],
    ["flat after 128", at([64, 5], [128, 9.6], [256, 10], [512, 10]), 128],
    ["falling", at([64, 10], [128, 8]), 64],
  ])("%s", (_, samples, tokens) => {
    expect(chooseBudget(samples).tokens).toBe(tokens);
  });
});

test.each<[samples: Sample[], growing: boolean]>([
  [[], true],
  [at([64, 1]), true],
  [at([64, 1], [128, 1.2]), true],
  [at([64, 1], [128, 1.02]), false],
  [at([64, 1], [128, 0.5]), false],
])("%j: worth a larger batch? %s", (samples, growing) => {
  expect(isGrowing(samples)).toBe(growing);
});

describe("a lane", () => {
  const limits = { budgetTokens: 1000, sliceMs: 25 };
  test.each([
    ["has slices of so many milliseconds", 8, 200],
    ["has none above its budget", 100, 1000],
    ["has one token at least", 0.001, 1],
  ])("%s", (_, speed, slice) => {
    expect(laneOf(speed, limits).sliceTokens).toBe(slice);
  });

  test("learns from batches that are near a slice, a fifth of the way each", () => {
    const lane = laneOf(8, limits);
    expect(learnSpeed(lane, { tokens: 200, ms: 50 }, limits).tokensPerMs).toBeCloseTo(7.2);
    expect(learnSpeed(lane, { tokens: 16, ms: 16 }, limits)).toBe(lane);
    expect(learnSpeed(lane, { tokens: 200, ms: 0 }, limits)).toBe(lane);
  });
});
