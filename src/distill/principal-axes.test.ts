import { expect, test } from "vitest";
import { fillNormal } from "../graph/rng.ts";
import { floats } from "../tensor/tensor.ts";
import { alongAxes, principalAxes } from "./principal-axes.ts";

/** 300 vectors in a plane of 6 dimensions, which no axis of them is in. */
function plane() {
  const [u, v] = [
    [1, 1, 0, 1, 0, 1],
    [0, 1, -1, 0, 1, -1],
  ];
  const numbers = fillNormal(new Float32Array(600), { seed: 3, std: 1 });
  const rows = Array.from({ length: 300 }, (_, i) =>
    u.map((x, k) => 2 * numbers[2 * i] * x + numbers[2 * i + 1] * v[k]),
  );
  return floats(rows.flat(), [300, 6]);
}

test("vectors of a plane are whole along two axes: their products stay", () => {
  const x = plane();
  const axes = principalAxes(x, 2);
  expect(axes.shape).toEqual([2, 6]);
  const y = alongAxes(x, axes);
  const product = ({ data, shape }: typeof x, i: number, j: number) => {
    const row = (at: number) => data.subarray(at * shape[1], (at + 1) * shape[1]);
    return row(i).reduce((sum, value, k) => sum + value * row(j)[k], 0);
  };
  const pairs = Array.from({ length: 50 }, (_, i) => [i, 299 - 3 * i] as const);
  expect(pairs.map(([i, j]) => product(y, i, j))).toBeClose(
    pairs.map(([i, j]) => product(x, i, j)),
    { rtol: 1e-4, atol: 1e-4 },
  );
});

test("the longest axis first; one alone is the best of one", () => {
  const x = plane();
  const along = alongAxes(x, principalAxes(x, 2));
  const length = (axis: number) =>
    along.data.reduce((sum, value, i) => sum + (i % 2 === axis ? value * value : 0), 0);
  expect(length(0)).toBeGreaterThan(2 * length(1));
  const [one] = [principalAxes(x, 1)];
  expect(one.data).toBeClose(principalAxes(x, 2).data.subarray(0, 6), { rtol: 1e-6, atol: 1e-6 });
});

test("more than there are is refused", () => {
  expect(() => principalAxes(plane(), 7)).toThrow(/got 7, wanted at most 6/);
});
