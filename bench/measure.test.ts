import { describe, expect, test } from "vitest";
import { interleave, mean, median, quantile, ratioOf, spreadOf, turn } from "./measure.ts";

describe("what is said about samples", () => {
  test.each([
    { samples: [3], at: 0.5, value: 3 },
    { samples: [5, 1, 3], at: 0.5, value: 3 },
    { samples: [4, 1, 3, 2], at: 0.5, value: 2.5 },
    { samples: [4, 1, 3, 2], at: 0, value: 1 },
    { samples: [4, 1, 3, 2], at: 1, value: 4 },
    { samples: [10, 0, 20, 30, 40], at: 0.25, value: 10 },
    { samples: [], at: 0.5, value: Number.NaN },
  ])("quantile $at of $samples is $value", ({ samples, at, value }) => {
    expect(quantile(samples, at)).toBe(value);
  });

  test("the mean is that of all", () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(mean(Float64Array.of(1, 2))).toBe(1.5);
  });

  test("the samples keep their order", () => {
    const samples = [2, 1];
    median(samples);
    expect(samples).toEqual([2, 1]);
  });

  test.each([
    { samples: [7], spread: 0 },
    { samples: [9, 10, 11], spread: 0.1 },
    // One run that something disturbed does not make a measurement look bad.
    { samples: [10, 10, 10, 10, 100], spread: 0 },
  ])("spread of $samples is $spread", ({ samples, spread }) => {
    expect(spreadOf(samples)).toBeCloseTo(spread, 12);
  });

  test.each([
    { ours: 100, peer: 150, better: "lower", ratio: 1.5 },
    { ours: 200, peer: 100, better: "lower", ratio: 0.5 },
    { ours: 200, peer: 100, better: "higher", ratio: 2 },
  ] as const)("$ours against $peer, $better is better: $ratio", ({ ours, peer, better, ratio }) => {
    expect(ratioOf(ours, peer, better)).toBe(ratio);
  });
});

describe("interleaving", () => {
  test("every other round goes backwards, and warm-up rounds are not counted", async () => {
    const order: string[] = [];
    let figure = 0;
    const side = (name: string) => ({
      run: async () => {
        order.push(name);
        return figure++;
      },
    });
    const options = { runs: 2, warmUps: 1, pauseMs: 0 };
    const figures = await interleave([side("ours"), side("peer")], options);
    expect(order).toEqual(["ours", "peer", "peer", "ours", "ours", "peer"]);
    expect(figures).toEqual([
      [3, 4],
      [2, 5],
    ]);
  });

  test.each([
    { round: 0, order: [0, 1, 2] },
    { round: 1, order: [2, 1, 0] },
  ])("round $round takes $order", ({ round, order }) => {
    expect(turn(3, round)).toEqual(order);
  });
});
