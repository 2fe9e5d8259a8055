import { describe, expect, it } from "vitest";
import { normal, sequence } from "../graph/rng.ts";
import { meanStatistic, spearmanStatistic } from "./bootstrap.ts";
import { comparePaired } from "./comparison.ts";

const rows = Array.from({ length: 300 }, (_, i) => i);
const baseline = rows.map((i) => ((i * 37) % 101) / 100);
const ours = baseline.map((value, i) =>
  Math.max(0, Math.min(1, value - 0.05 + (((i * 53) % 97) / 97) * 0.06)),
);
const means = (a: readonly number[], b: readonly number[]) => ({
  mean: { ours: meanStatistic(a), baseline: meanStatistic(b) },
});

describe("comparePaired", () => {
  // numpy 2.4.6, default_rng(0), 200,000 resamples of both lists by one index: np.quantile of the differences and ratios.
  it("means: the differences and ratios of numpy's paired bootstrap", () => {
    const { mean } = comparePaired(means(ours, baseline), 300, { seed: 1, samples: 10_000 });
    expect(mean.ours.mean).toBeCloseTo(0.4790680412371133, 12);
    expect(mean.baseline.mean).toBeCloseTo(0.49893333333333334, 12);
    expect([mean.difference.low, mean.difference.high]).toBeClose([-0.02181, -0.01792], {
      atol: 5e-5,
    });
    expect(mean.kept.mean).toBeCloseTo(0.9601844760230758, 12);
    expect([mean.kept.low, mean.kept.high, mean.kept.atMost]).toBeClose(
      [0.95525, 0.96475, 0.96404],
      { atol: 1e-4 },
    );
    expect(mean.p).toBeCloseTo(2 / 10_001, 12);
  });

  // The same, with scipy 1.17.1's rankdata of each of 20,000 resamples.
  it("Spearman's ρ: the differences of scipy in numpy's paired bootstrap", () => {
    const pairs = rows.slice(0, 200);
    const score = pairs.map((i) => ((i * 17) % 50) / 10);
    const noisy = pairs.map((i) => score[i] + ((i * 29) % 61) / 20);
    const close = pairs.map((i) => score[i] + ((i * 31) % 67) / 40);
    const { rho } = comparePaired(
      { rho: { ours: spearmanStatistic(noisy, score), baseline: spearmanStatistic(close, score) } },
      200,
      { seed: 1, samples: 5000 },
    );
    expect(rho.ours.mean).toBeCloseTo(0.8620584741106303, 12);
    expect(rho.baseline.mean).toBeCloseTo(0.9522710798256836, 12);
    expect([rho.difference.low, rho.difference.high]).toBeClose([-0.11886, -0.06623], {
      atol: 1.5e-3,
    });
  });

  it("a model against itself keeps all of it, for certain", () => {
    const { mean } = comparePaired(means(ours, ours), 300, { seed: 1, samples: 500 });
    expect(mean.difference).toEqual({ mean: 0, low: 0, high: 0 });
    expect(mean.kept).toEqual({ mean: 1, low: 1, high: 1, atMost: 1 });
    expect(mean.p).toBe(1);
  });

  it("pairing takes out what both have in common", () => {
    const { mean } = comparePaired(means(ours, baseline), 300, { seed: 1, samples: 2000 });
    const width = ({ low, high }: { readonly low: number; readonly high: number }) => high - low;
    expect(width(mean.difference)).toBeLessThan(width(mean.ours) / 10);
  });

  it("the one-sided end is within the two-sided interval", () => {
    const { mean } = comparePaired(means(ours, baseline), 300, { seed: 1, samples: 2000 });
    expect(mean.kept.atMost).toBeGreaterThan(mean.kept.mean);
    expect(mean.kept.atMost).toBeLessThan(mean.kept.high);
  });

  it("swapped, the difference is the negative and p the same", () => {
    const one = comparePaired(means(ours, baseline), 300, { seed: 3, samples: 999 }).mean;
    const other = comparePaired(means(baseline, ours), 300, { seed: 3, samples: 999 }).mean;
    expect(other.difference.mean).toBe(-one.difference.mean);
    expect(other.difference.low).toBeCloseTo(-one.difference.high, 12);
    expect(other.p).toBe(one.p);
  });

  it("of a baseline of 0 no share can be lost", () => {
    const zeros = baseline.map(() => 0);
    const { mean } = comparePaired(means(ours, zeros), 300, { seed: 1, samples: 100 });
    expect(mean.kept).toEqual(
      Object.fromEntries(["mean", "low", "high", "atMost"].map((name) => [name, Infinity])),
    );
  });

  it("calls about one in twenty differences by chance significant", () => {
    const draw = (seed: number) => {
      const next = sequence(seed);
      return rows.slice(0, 40).map(() => normal(next));
    };
    const called = Array.from({ length: 200 }, (_, trial) =>
      comparePaired(means(draw(2 * trial), draw(2 * trial + 1)), 40, { seed: trial, samples: 300 }),
    ).filter(({ mean }) => mean.p <= 0.05).length;
    // 10 expected, with a standard deviation of 3.1.
    expect(called).toBeGreaterThan(1);
    expect(called).toBeLessThan(22);
  });

  it.each([0, 1, 95, Number.NaN])("refuses a confidence of %s", (confidence) => {
    expect(() => comparePaired(means([1], [1]), 1, { seed: 1, confidence })).toThrow(
      /not a confidence/,
    );
  });
});
