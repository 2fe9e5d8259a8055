import { describe, expect, it } from "vitest";
import {
  bootstrap,
  meanStatistic,
  observed,
  pearsonStatistic,
  spearmanStatistic,
} from "./bootstrap.ts";
import { pearson, spearman } from "./correlation.ts";
import { bootstrapMean } from "./resample.ts";

const x = [0.1, 0.9, 0.4, 0.4, 0.7, 0.2];
const y = [0, 5, 3, 2, 2, 1];

describe("a statistic of a resample is that of the rows written out", () => {
  // scipy 1.17.1: stats.spearmanr and stats.pearsonr of x[r], y[r] with r = np.repeat(np.arange(6), counts).
  it.each([
    [[1, 1, 1, 1, 1, 1], 0.8676470588235294, 0.8660788670930543, 0.45],
    [[2, 0, 1, 1, 0, 2], 0.9847319278346618, 0.9600014517991348, 0.2333333333333333],
    [[0, 3, 0, 0, 2, 1], 1, 0.8574929257125443, 0.7166666666666668],
    [[1, 0, 2, 2, 1, 0], 0.36514837167011077, 0.577350269189626, 0.4],
  ])("counts %j: Spearman %d, Pearson %d, mean %d", (counts, rho, r, mean) => {
    const drawn = Int32Array.from(counts);
    expect(spearmanStatistic(x, y)(drawn)).toBeCloseTo(rho, 12);
    expect(pearsonStatistic(x, y)(drawn)).toBeCloseTo(r, 12);
    expect(meanStatistic(x)(drawn)).toBeCloseTo(mean, 12);
  });

  it("all rows once are the figures of the data", () => {
    expect(observed(spearmanStatistic(x, y), 6)).toBeCloseTo(spearman(x, y), 14);
    expect(observed(pearsonStatistic(x, y), 6)).toBeCloseTo(pearson(x, y), 14);
  });

  it.each([
    ["the list", [3, 3, 3, 3, 3, 3], [1, 1, 1, 1, 1, 1]],
    ["the resample", x, [0, 6, 0, 0, 0, 0]],
  ])("0 where %s is constant", (_, values, counts) => {
    expect(spearmanStatistic(values, y)(Int32Array.from(counts))).toBe(0);
    expect(pearsonStatistic(values, y)(Int32Array.from(counts))).toBe(0);
  });
});

describe("bootstrap", () => {
  it("draws what bootstrapMean draws", () => {
    const [means] = bootstrap(6, [meanStatistic(x)], { seed: 7, samples: 999 });
    const { low, high } = bootstrapMean(x, { seed: 7, samples: 999 });
    means.sort();
    // Places (999 - 1) × 0.025 and × 0.975, between two means.
    expect(means[24] + 0.95 * (means[25] - means[24])).toBeCloseTo(low, 12);
    expect(means[973] + 0.05 * (means[974] - means[973])).toBeCloseTo(high, 12);
  });

  it("draws one resample for all statistics, as many rows as there are", () => {
    const twice = meanStatistic(x.map((value) => 2 * value));
    const size = (counts: Int32Array) => counts.reduce((a, b) => a + b);
    const [a, b, sizes] = bootstrap(6, [meanStatistic(x), twice, size], { seed: 1, samples: 50 });
    expect([...b]).toBeClose(
      [...a].map((mean) => 2 * mean),
      { atol: 1e-12 },
    );
    expect(new Set(sizes)).toEqual(new Set([6]));
    expect(new Set(a).size).toBeGreaterThan(20);
  });

  it.each([
    [0, 10],
    [6, 0],
    [6, 1.5],
  ])("refuses %s rows, %s samples", (size, samples) => {
    expect(() => bootstrap(size, [], { seed: 1, samples })).toThrow(/nothing to resample/);
  });
});
