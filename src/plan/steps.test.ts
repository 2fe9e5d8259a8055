import { expect, test } from "vitest";
import { secondsLeft } from "./steps.ts";

const steps = [10, 20, 30].map((guess) => ({ name: "", guess }));

test.each([
  ["nothing is done", [], 60],
  ["guesses are right", [10], 50],
  ["all takes twice as long", [20], 100],
  ["what was known already took no time", [0], 50],
  ["all is done", [10, 20, 30], 0],
])("%s", (_, took, left) => {
  expect(secondsLeft(steps, took)).toBeCloseTo(left);
});
