import { expect, test } from "vitest";
import { chooseLayers } from "./choose-layers.ts";

test.each([
  [1, 6, [0]],
  [2, 6, [0, 5]],
  [3, 6, [0, 3, 5]],
  [4, 12, [0, 4, 7, 11]],
  [6, 6, [0, 1, 2, 3, 4, 5]],
  [1, 1, [0]],
])("%i of %i", (count, total, wanted) => {
  expect(chooseLayers({ count }, total)).toEqual(wanted);
});

test("those that are named", () => {
  expect(chooseLayers({ layers: [1, 4] }, 6)).toEqual([1, 4]);
});

test.each([0, 7, 1.5])("%d of 6 is refused", (count) => {
  expect(() => chooseLayers({ count }, 6)).toThrow(`got ${count}, wanted 1 to 6`);
});
