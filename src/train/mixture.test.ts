import { expect, test } from "vitest";
import { mixture } from "./mixture.ts";

const count = (steps: Int32Array, sets: number) =>
  Array.from({ length: sets }, (_, set) => steps.filter((found) => found === set).length);

test.each([
  ["one set is all there is", [7], 1, [7]],
  ["temperature 1: in proportion to size", [90, 10], 1, [90, 10]],
  ["temperature 2: by the square root", [90, 10], 2, [75, 25]],
  ["a high temperature: evenly", [97, 2, 1], 1e6, [34, 33, 33]],
  ["no set is left out", [200, 1, 1], 1, [200, 1, 1]],
  ["a low temperature favours the largest, and leaves none out", [90, 10, 1], 0.1, [99, 1, 1]],
])("%s", (_, sizes, temperature, wanted) => {
  const steps = mixture(sizes, { temperature, seed: 1, epoch: 0 });
  expect(count(steps, sizes.length)).toEqual(wanted);
});

test("the order is shuffled, the same for the same seed and epoch, and another for others", () => {
  const order = (seed: number, epoch: number) => [
    ...mixture([50, 50], { temperature: 1, seed, epoch }),
  ];
  expect(order(1, 0)).toEqual(order(1, 0));
  expect(order(1, 0)).not.toEqual(order(1, 1));
  expect(order(1, 0)).not.toEqual(order(2, 0));
  expect(order(1, 0)).not.toEqual([...order(1, 0)].sort());
});
