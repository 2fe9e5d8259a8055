import { describe, expect, it } from "vitest";
import { spearman } from "./correlation.ts";
import { firstRelevantRank, largestLosses, spearmanTerms } from "./row-differences.ts";

describe("largestLosses", () => {
  it.each([
    ["the largest first, gains and draws never", [0, 1, 0.5, 0.2], [1, 0, 0.5, 0.4], 10, [0, 3]],
    ["equal ones in their order", [0, 0, 0], [1, 1, 1], 2, [0, 1]],
    ["none where nothing fell", [1, 1], [0, 1], 10, []],
  ])("%s", (_, ours, baseline, count, wanted) => {
    expect(largestLosses(ours, baseline, count)).toEqual(wanted);
  });
});

it.each([
  ["abc", 1],
  ["cab", 2],
  ["cd", undefined],
  ["", undefined],
])("the first relevant of %j is at %s", (ids, rank) => {
  const judgements = new Map([
    ["a", 1],
    ["b", 2],
    ["c", 0],
    ["d", -1],
  ]);
  const hits = Array.from(ids, (id) => ({ id, score: 0 }));
  expect(firstRelevantRank(hits, judgements)).toBe(rank);
});

describe("spearmanTerms", () => {
  it("their mean is Spearman's correlation, ties included", () => {
    const [x, y] = [
      [0.1, 0.9, 0.4, 0.4, 0.7, 0.2],
      [0, 5, 3, 2, 2, 1],
    ];
    const terms = spearmanTerms(x, y);
    expect(terms.reduce((a, b) => a + b) / 6).toBeCloseTo(spearman(x, y), 14);
  });

  // Ranks 1, 2, 3 have the variance 2 / 3: two places apart are 1 - (2² / (2 / 3)) / 2 = -2.
  it.each([
    [
      [1, 2, 3],
      [10, 20, 30],
      [1, 1, 1],
    ],
    [
      [1, 2, 3],
      [3, 2, 1],
      [-2, 1, -2],
    ],
    [
      [5, 5, 5],
      [3, 2, 1],
      [0, 0, 0],
    ],
  ])("%j beside %j: %j", (x, y, wanted) => {
    expect(spearmanTerms(x, y)).toBeClose(wanted, { atol: 1e-12 });
  });
});
