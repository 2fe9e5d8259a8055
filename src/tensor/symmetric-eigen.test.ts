import { expect, test } from "vitest";
import { symmetricEigen } from "./symmetric-eigen.ts";

const cases: [string, number, (i: number, j: number, draw: () => number) => number][] = [
  ["of one number", 1, () => 3],
  ["of two", 2, (i, j) => (i === j ? 2 : 1)],
  ["diagonal", 4, (i, j) => (i === j ? 4 - i : 0)],
  ["of zeros", 3, () => 0],
  ["of one row many times", 5, (i, j) => (i + 1) * (j + 1)],
  ["in two blocks", 6, (i, j) => (i < 3 === j < 3 ? 1 + Math.min(i, j) : 0)],
  ["drawn", 33, (_, __, draw) => draw() - 0.5],
];

test.each(cases)("a matrix %s: A v = λ v, and the vectors are orthonormal", (_, n, entry) => {
  let drawn = 0;
  // Numbers of no pattern, the same each time: this folder knows no generator.
  const draw = () => Math.abs(Math.sin(++drawn * 12.9898) * 43758.5453) % 1;
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = entry(i, j, draw);
  }
  const before = matrix.slice();
  const { values, vectors } = symmetricEigen(matrix, n);
  expect(matrix).toEqual(before);
  expect([...values]).toEqual([...values].sort((a, b) => b - a));
  const row = (i: number) => vectors.subarray(i * n, (i + 1) * n);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, k) => sum + x * b[k], 0);
  const scale = Math.max(1, ...values.map(Math.abs));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const image = dot(matrix.subarray(j * n, (j + 1) * n), row(i));
      expect(Math.abs(image - values[i] * row(i)[j])).toBeLessThan(1e-13 * n * scale);
      expect(Math.abs(dot(row(i), row(j)) - (i === j ? 1 : 0))).toBeLessThan(1e-13 * n);
    }
  }
});
