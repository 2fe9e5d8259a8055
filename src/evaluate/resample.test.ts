import { describe, expect, it } from "vitest";
import { normal, sequence } from "../graph/rng.ts";
import { bootstrapMean, pairedTest } from "./resample.ts";

const draw = (count: number, seed: number) => {
  const next = sequence(seed);
  return Array.from({ length: count }, () => normal(next));
};

describe("bootstrapMean", () => {
  it("is about the normal interval for many normal values", () => {
    const values = draw(400, 1);
    const mean = values.reduce((a, b) => a + b) / 400;
    const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 400);
    const half = (1.96 * deviation) / 20;
    const interval = bootstrapMean(values, { seed: 2 });
    expect([interval.mean, interval.low, interval.high]).toBeClose(
      [mean, mean - half, mean + half],
      {
        atol: half / 20,
      },
    );
  });

  it("holds the true mean about 95 times in 100", () => {
    const held = Array.from({ length: 200 }, (_, trial) => {
      const { low, high } = bootstrapMean(draw(60, trial), { seed: trial, samples: 400 });
      return low <= 0 && 0 <= high;
    }).filter(Boolean).length;
    expect(held).toBeGreaterThan(180);
    expect(held).toBeLessThan(199);
  });

  it("is the same for the same seed, and a point for equal values", () => {
    const values = draw(30, 3);
    expect(bootstrapMean(values, { seed: 4 })).toEqual(bootstrapMean(values, { seed: 4 }));
    expect(bootstrapMean(values, { seed: 4 })).not.toEqual(bootstrapMean(values, { seed: 5 }));
    expect(bootstrapMean([2, 2, 2], { seed: 0 })).toEqual({ mean: 2, low: 2, high: 2 });
  });

  it.each([
    ["no values", [], {}],
    ["no samples", [1], { samples: 0 }],
    ["a confidence of 95", [1], { confidence: 95 }],
  ])("refuses %s", (_, values, options) => {
    expect(() => bootstrapMean(values, { seed: 0, ...options })).toThrow(
      /nothing to|not a confidence/,
    );
  });
});

describe("pairedTest", () => {
  it("counts sign patterns: ten wins of ten are as extreme 2 times in 1,024", () => {
    const ones = new Array(10).fill(1);
    const { difference, p } = pairedTest(ones, new Array(10).fill(0), {
      seed: 1,
      samples: 200_000,
    });
    expect(difference).toBe(1);
    expect(p).toBeCloseTo(2 / 1024, 3);
  });

  it("does not care about the size of equal steps, nor for queries without a difference", () => {
    const tenths = [...new Array(10).fill(0.1), ...new Array(90).fill(0.7)];
    const zeros = [...new Array(10).fill(0), ...new Array(90).fill(0.7)];
    expect(pairedTest(tenths, zeros, { seed: 1 }).p).toBe(
      pairedTest(new Array(10).fill(1), new Array(10).fill(0), { seed: 1 }).p,
    );
  });

  it("finds nothing in a run against itself, and is symmetric", () => {
    const a = draw(50, 1);
    const b = draw(50, 2);
    expect(pairedTest(a, a, { seed: 0 })).toEqual({ difference: 0, p: 1 });
    const [one, other] = [pairedTest(a, b, { seed: 0 }), pairedTest(b, a, { seed: 0 })];
    expect(other.p).toBe(one.p);
    expect(other.difference).toBe(-one.difference);
  });

  it("calls about one in twenty differences by chance significant", () => {
    const called = Array.from({ length: 300 }, (_, trial) =>
      pairedTest(draw(40, 2 * trial), draw(40, 2 * trial + 1), { seed: trial, samples: 400 }),
    ).filter(({ p }) => p <= 0.05).length;
    // 15 expected, with a standard deviation of 3.8.
    expect(called).toBeGreaterThan(2);
    expect(called).toBeLessThan(30);
  });

  it("refuses runs over other queries", () => {
    expect(() => pairedTest([1, 2], [1], { seed: 0 })).toThrow(/nothing to resample \(got 2 and 1/);
  });
});
