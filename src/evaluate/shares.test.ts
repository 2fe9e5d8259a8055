import { expect, it } from "vitest";
import { lowerBoundOfShare, wilsonInterval } from "./shares.ts";

/** Of SciPy: beta.ppf(1 - confidence, successes, trials - successes + 1). */
it.each<[number, number, number, number]>([
  [99, 100, 0.95, 0.9534401885464611],
  [10, 10, 0.95, 0.7411344491069478],
  [0, 5, 0.95, 0],
  [990, 1000, 0.95, 0.9830968248794375],
  [1, 2, 0.9, 0.05131670194948619],
  [99_999, 100_000, 0.99, 0.9999336183507573],
])("%i of %i at %d: at least %d", (successes, trials, confidence, bound) => {
  expect(lowerBoundOfShare(successes, trials, { confidence })).toBeCloseTo(bound, 9);
});

it.each([
  [2, 1],
  [-1, 1],
  [0, 0],
])("%i of %i is no share", (successes, trials) => {
  expect(() => lowerBoundOfShare(successes, trials)).toThrow("not counts of a share");
});

it("the interval of 8 of 10 (Agresti and Coull 1998)", () => {
  const { share, low, high } = wilsonInterval(8, 10);
  expect(share).toBe(0.8);
  expect(low).toBeCloseTo(0.4902, 4);
  expect(high).toBeCloseTo(0.9433, 4);
});

it.each([
  [0, 5],
  [5, 5],
])("%i of %i lies in [0, 1], and so does its interval", (successes, of) => {
  const { share, low, high } = wilsonInterval(successes, of);
  expect(low).toBeGreaterThanOrEqual(0);
  expect(high).toBeLessThanOrEqual(1);
  expect(share).toBeGreaterThanOrEqual(low - 1e-12);
  expect(share).toBeLessThanOrEqual(high + 1e-12);
});
