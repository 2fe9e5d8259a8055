import { describe, expect, it } from "vitest";
import { fillNormal } from "../graph/rng.ts";
import { floats } from "../tensor/tensor.ts";
import { alignment, sampleRows, takeRows, uniformity } from "./alignment.ts";

const x = floats([1, 2, 2, 3, 0, 4, 0, -1, 1, 2, 1, -2], [4, 3]);
const y = floats([2, 2, 1, 4, 0, 3, 1, -1, 0, -1, 2, 2], [4, 3]);

// The authors' align_loss and uniform_loss (github.com/ssnl/align_uniform) in torch 2.15.0, float64, rows normalized.
describe("alignment", () => {
  it.each([
    [2, 1.0477777777777777],
    [1, 0.8634801011158114],
  ])("alpha %d: %d", (alpha, wanted) => {
    expect(alignment(x, y, { alpha })).toBeCloseTo(wanted, 12);
  });

  it("is with alpha 2, 0 for equal directions, 4 for opposite ones", () => {
    expect(alignment(x, y)).toBe(alignment(x, y, { alpha: 2 }));
    expect(alignment(floats([1, 0], [1, 2]), floats([5, 0], [1, 2]))).toBe(0);
    expect(alignment(floats([1, 0], [1, 2]), floats([-5, 0], [1, 2]))).toBe(4);
  });

  it("leaves out rows without a direction", () => {
    const withZero = floats([1, 0, 0, 0], [2, 2]);
    expect(alignment(withZero, floats([0, 1, 0, 1], [2, 2]))).toBe(2);
    expect(alignment(floats([0, 0], [1, 2]), floats([0, 1], [1, 2]))).toBeNaN();
  });

  it("refuses two shapes", () => {
    expect(() => alignment(x, floats([1, 2, 3], [1, 3]))).toThrow(/got \[4,3\] and \[1,3\]/);
  });
});

describe("uniformity", () => {
  it.each([
    [2, -2.356311679439792],
    [0.5, -0.8161649696350691],
  ])("t %d: %d", (t, wanted) => {
    expect(uniformity(x, { t })).toBeCloseTo(wanted, 12);
  });

  it("is with t 2, 0 for equal directions, NaN for less than two", () => {
    expect(uniformity(x)).toBe(uniformity(x, { t: 2 }));
    expect(uniformity(floats([1, 1, 2, 2], [2, 2]))).toBeCloseTo(0, 12);
    expect(uniformity(floats([1, 1, 0, 0], [2, 2]))).toBeNaN();
  });

  it("of random directions in many dimensions is near -4: all squared distances near 2", () => {
    const random = floats(fillNormal(new Float32Array(200 * 384), { seed: 1 }), [200, 384]);
    expect(uniformity(random)).toBeCloseTo(-4, 1);
  });
});

describe("a sample of rows", () => {
  it("is all of few, and of many some, each once, in order, the same for a seed", () => {
    expect([...sampleRows(3, 5, 1)]).toEqual([0, 1, 2]);
    const rows = [...sampleRows(1000, 100, 1)];
    expect(new Set(rows).size).toBe(100);
    expect(rows).toEqual([...rows].sort((a, b) => a - b));
    expect(rows).toEqual([...sampleRows(1000, 100, 1)]);
    expect(rows).not.toEqual([...sampleRows(1000, 100, 2)]);
    expect(rows.at(-1)).toBeGreaterThan(900);
  });

  it("is taken from vectors", () => {
    const { shape, data } = takeRows(x, [2, 0]);
    expect(shape).toEqual([2, 3]);
    expect([...data]).toEqual([0, -1, 1, 1, 2, 2]);
  });
});
