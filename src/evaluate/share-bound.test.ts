import { expect, it } from "vitest";
import { lowerBoundOfShare } from "./share-bound.ts";

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
