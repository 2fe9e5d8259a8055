import { describe, expect, test } from "vitest";
import { requireEqualLoss, requireEqualVectors } from "./same-work.ts";

describe("vectors", () => {
  test.each([
    { got: [0.1, 0.2], wanted: [0.1, 0.2], same: true, why: "equal" },
    { got: [0.1, 0.200005], wanted: [0.1, 0.2], same: true, why: "equal but for rounding" },
    { got: [0.1, 0.2001], wanted: [0.1, 0.2], same: false, why: "one element differs" },
    { got: [0.1], wanted: [0.1, 0.2], same: false, why: "some are missing" },
    { got: [0.1, Number.NaN], wanted: [0.1, 0.2], same: false, why: "not a number" },
  ])("$why", ({ got, wanted, same }) => {
    const check = () => requireEqualVectors("another", got, wanted);
    if (same) check();
    else expect(check).toThrow(/another computes other vectors/u);
  });
});

describe("losses", () => {
  test.each([
    { got: 2.0001, tolerance: 1e-4, same: true },
    { got: 2.001, tolerance: 1e-4, same: false },
    { got: 2.001, tolerance: 1e-2, same: true },
    { got: Number.NaN, tolerance: 1, same: false },
  ])("$got for 2, to $tolerance: $same", ({ got, tolerance, same }) => {
    const check = () => requireEqualLoss("another", got, 2, tolerance);
    if (same) check();
    else expect(check).toThrow(/its loss is .*, ours 2$/u);
  });
});
