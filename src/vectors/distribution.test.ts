import { describe, expect, it } from "vitest";
import { fillNormal } from "../graph/rng.ts";
import { type Distribution, measureDistribution } from "./distribution.ts";

const normal = (length: number) => fillNormal(new Float32Array(length), { seed: 5 });

/** 2,000 vectors of 16 dimensions, each made from 16 normal numbers. */
const made = (make: (x: number, d: number, of: Float32Array) => number): Distribution => {
  const dims = 16;
  const numbers = normal(2000 * dims);
  const vectors = numbers.map((x, i) => {
    const first = i - (i % dims);
    return make(x, i % dims, numbers.subarray(first, first + dims));
  });
  return measureDistribution(vectors, dims);
};

describe("a distribution", () => {
  it("to all sides: every dimension counts, and every bit", () => {
    const found = made((x) => x);
    expect(found.effectiveDims).toBeGreaterThan(15.5);
    expect(found.effectiveBits).toBeGreaterThan(15.5);
    expect(found.signEntropy).toBeGreaterThan(0.99);
    expect(found.meanLength).toBeLessThan(0.05);
    expect(found.bitCorrelation).toBeLessThan(0.02);
    expect(found.stuckSigns).toBe(0);
  });

  it("along one mean: signs are stuck, the bits above the mean are not", () => {
    const found = made((x) => x + 8);
    expect(found).toMatchObject({ signEntropy: 0, stuckSigns: 16 });
    expect(found.meanLength).toBeGreaterThan(0.98);
    expect(found.effectiveBits).toBeGreaterThan(14);
  });

  it("in two dimensions of sixteen: two count, and the bits go together", () => {
    const found = made((_, d, of) => of[d % 2]);
    expect(found.effectiveDims).toBeCloseTo(2, 1);
    expect(found.effectiveBits).toBeCloseTo(2, 1);
    // Of 15 others, 7 are the same bit and 8 an independent one.
    expect(found.bitCorrelation).toBeCloseTo(Math.sqrt(7 / 15), 1);
  });

  it("of one vector again and again: nothing varies", () => {
    const same = made(() => 1);
    expect(same).toMatchObject({ effectiveDims: 0, effectiveBits: 0, bitCorrelation: 0 });
    expect(same.meanLength).toBeCloseTo(1);
  });

  it("is the same by rows as by columns", () => {
    const wide = normal(12 * 40);
    const { effectiveDims } = measureDistribution(wide, 40);
    expect(effectiveDims).toBeGreaterThan(5);
    expect(effectiveDims).toBeLessThanOrEqual(11);
  });

  it("needs two vectors", () => {
    expect(() => measureDistribution(normal(8), 8)).toThrow("got 1 vectors, wanted 2 or more");
  });
});
