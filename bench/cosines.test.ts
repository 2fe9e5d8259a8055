import { expect, test } from "vitest";
import { cosines, meanCosine } from "./cosines.ts";

test.each([
  { a: [1, 0, 3, 4], b: [2, 0, 3, 4], wanted: [1, 1], why: "lengths don't matter" },
  { a: [1, 0, 0, 1], b: [0, 1, 0, -1], wanted: [0, -1], why: "across and against" },
  { a: [1, 0], b: [1, 1], wanted: [Math.SQRT1_2], why: "half-way" },
])("$why", ({ a, b, wanted }) => {
  const found = cosines(Float32Array.from(a), Float32Array.from(b), 2);
  expect(found).toEqual(wanted.map((x) => expect.closeTo(x, 6)));
  const mean = wanted.reduce((sum, x) => sum + x, 0) / wanted.length;
  expect(meanCosine(Float32Array.from(a), Float32Array.from(b), 2)).toBeCloseTo(mean, 6);
});
