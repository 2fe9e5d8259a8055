import { describe, expect, it } from "vitest";
import { normal, sequence } from "../graph/rng.ts";
import { meanStatistic } from "./bootstrap.ts";
import { comparePaired } from "./comparison.ts";
import { judgeKept, type Verdict } from "./gate.ts";

it.each<[mean: number, atMost: number, required: number, Verdict]>([
  [1, 1, 1, "met"],
  [1.02, 1.04, 0.99, "met"],
  [0.99, 1.01, 0.99, "met"],
  [0.985, 1.002, 0.99, "not-proven"],
  [0.985, 0.99, 0.99, "not-proven"],
  [0.985, 0.9899, 0.99, "fell"],
  [0.93, 0.95, 0.99, "fell"],
  [-0.2, 0.1, 0.5, "fell"],
  [0, 0, 0, "met"],
  // A baseline that is not above 0 can't be fallen below.
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0.99, "met"],
  [0.98, Number.POSITIVE_INFINITY, 0.99, "not-proven"],
])("%d kept, at most %d, %d required: %s", (mean, atMost, required, verdict) => {
  expect(judgeKept({ mean, atMost }, required)).toBe(verdict);
});

describe("over many data sets", () => {
  const stopped = (kept: number, required: number) =>
    Array.from({ length: 100 }, (_, trial) => {
      const next = sequence(trial);
      const baseline = Array.from({ length: 50 }, () => 0.6 + 0.2 * normal(next));
      const ours = baseline.map((value) => kept * value + 0.1 * normal(next));
      const mean = { ours: meanStatistic(ours), baseline: meanStatistic(baseline) };
      const compared = comparePaired({ mean }, 50, { seed: trial, samples: 300 });
      return judgeKept(compared.mean.kept, required);
    }).filter((verdict) => verdict === "fell").length;

  it("of models that keep just what is required, about 1 in 20 are stopped", () => {
    // 5 expected, with a standard deviation of 2.2.
    const count = stopped(0.95, 0.95);
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(14);
  });

  it("of those that lost far more, almost all", () => {
    expect(stopped(0.85, 0.95)).toBeGreaterThan(90);
  });

  it("of those that keep more, hardly any", () => {
    expect(stopped(1, 0.95)).toBeLessThan(2);
  });
});
