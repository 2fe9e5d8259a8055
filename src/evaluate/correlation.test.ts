import { expect, it } from "vitest";
import { scoreBinary } from "./classification.ts";
import { kendall, pearson, spearman } from "./correlation.ts";

it.each([
  ["pearson", pearson],
  ["spearman", spearman],
  ["kendall", kendall],
])("%s is 1, -1, and NaN for a constant list", (_, correlate) => {
  expect(correlate([1, 2, 3], [10, 20, 30])).toBeCloseTo(1, 15);
  expect(correlate([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 15);
  expect(correlate([1, 2, 3], [5, 5, 5])).toBeNaN();
});

it.each<[number[], number[]]>([
  [[1], [1]],
  [[], []],
  [
    [1, 2],
    [1, 2, 3],
  ],
  [
    [1, Number.NaN],
    [1, 2],
  ],
])("%o and %o are not correlated", (x, y) => {
  expect(() => pearson(x, y)).toThrow(/not two lists to correlate/);
  expect(() => spearman(x, y)).toThrow(/not two lists to correlate/);
});

it.each<[string, number[], number[]]>([
  ["one class", [1, 2], [1, 1]],
  ["no labels", [1, 2], []],
  ["NaN", [1, Number.NaN], [1, 0]],
])("scoreBinary refuses %s", (_, scores, labels) => {
  expect(() => scoreBinary(scores, labels)).toThrow(/not scores of two classes/);
});

it("scores that are all equal tell nothing apart", () => {
  expect(scoreBinary([1, 1, 1, 1], [1, 0, 0, 0])).toMatchObject({
    averagePrecision: 1 / 4,
    rocAuc: 1 / 2,
    bestF1: { threshold: 1, recall: 1, precision: 1 / 4, mcc: 0 },
  });
});
