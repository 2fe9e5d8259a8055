import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { measureThreshold, ratesAt } from "./threshold.ts";

describe("where the threshold lies", () => {
  test.each([
    ["between what is apart", [0.8, 0.9], [0.1, 0.2], {}, 0.5, 1],
    ["where the fewest are wrong", [0.5, 0.6, 0.7, 0.8], [0.1, 0.2, 0.3, 0.65], {}, 0.4, 0.75],
    ["below all, where nothing tells them apart", [0.5], [0.5], {}, 0.5, 0],
    ["past what may not pass", [0.3, 0.7, 0.9], [0.2, 0.6], { maxFalselyAnswered: 0 }, 0.65, 2 / 3],
    ["where so many may pass", [0.3, 0.7, 0.9], [0.2, 0.6], { maxFalselyAnswered: 0.5 }, 0.25, 0.5],
    [
      "below most that must pass",
      [0.3, 0.7, 0.9],
      [0.2, 0.6, 0.8],
      { minAnswered: 0.6 },
      0.65,
      1 / 3,
    ],
  ] as const)("%s", (_, answerable, unanswerable, options, threshold, j) => {
    const found = measureThreshold(answerable, unanswerable, options);
    expect(found.threshold).toBeCloseTo(threshold, 12);
    expect(found.j).toBeCloseTo(j, 12);
    expect(found.low).toBeLessThanOrEqual(found.high);
  });

  test("nothing passes where a wrong one is the best", () => {
    const found = measureThreshold([0.1], [0.9], { maxFalselyAnswered: 0 });
    expect(found.threshold).toBeGreaterThan(0.9);
    expect(found.falselyAnswered.share).toBe(0);
  });

  test("no other threshold has a greater J", () => {
    const scores = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 30 });
    const property = fc.property(scores, scores, (answerable, unanswerable) => {
      const { j } = measureThreshold(answerable, unanswerable, { samples: 2 });
      for (let at = -0.5; at < 22; at += 0.5) {
        expect(ratesAt(at, answerable, unanswerable).j).toBeLessThanOrEqual(j + 1e-12);
      }
    });
    fc.assert(property);
  });
});

test("same seed, same interval", () => {
  const [a, b] = [
    [0.4, 0.5, 0.9],
    [0.1, 0.45],
  ];
  expect(measureThreshold(a, b)).toEqual(measureThreshold(a, b));
});

test.each([
  [[], [1], {}, /answerable: there are no scores/],
  [[1], [Number.NaN], {}, /unanswerable: not a score \(got NaN/],
  [[1], [1], { maxFalselyAnswered: 2 }, /maxFalselyAnswered: not a share \(got 2/],
  [[1], [1], { minAnswered: Number.NaN }, /minAnswered: not a share \(got NaN/],
  [[1], [1], { minAnswered: 1, maxFalselyAnswered: 0 }, /two bounds on one threshold/],
])("%j %j %j", (answerable, unanswerable, options, message) => {
  expect(() => measureThreshold(answerable, unanswerable, options)).toThrow(message);
});
