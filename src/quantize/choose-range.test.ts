import { describe, expect, test } from "vitest";
import { chooseRange } from "./choose-range.ts";

const spread = (count: number, from: number, to: number) =>
  Float32Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

describe("the range of codes", () => {
  test.each([
    { why: "evenly spread: all of it", numbers: spread(1000, -1, 3), low: -1, high: 3 },
    { why: "0 is always in it", numbers: spread(1000, 2, 3), low: 0, high: 3 },
    { why: "below 0 alone", numbers: spread(1000, -3, -2), low: -3, high: 0 },
    { why: "zeros", numbers: new Float32Array(10), low: 0, high: 0 },
    {
      why: "one number far out among some stays",
      numbers: Float32Array.of(...spread(1000, -1, 1), 4),
      low: -1,
      high: 4,
    },
    {
      why: "one number far out among very many is cut",
      numbers: Float32Array.of(...spread(100_000, -1, 1), 4),
      low: -1,
      high: 3.6,
    },
  ])("$why", ({ numbers, low, high }) => {
    const found = chooseRange(numbers);
    expect(found.low).toBeCloseTo(low, 5);
    expect(found.high).toBeCloseTo(high, 5);
  });
});
