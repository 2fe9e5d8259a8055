import { expect, test } from "vitest";
import { clusteredVectors } from "./clustered-vectors.ts";

const of = (options: Partial<Parameters<typeof clusteredVectors>[0]> = {}) =>
  clusteredVectors({ rows: 400, queries: 20, dims: 128, clusters: 10, ...options });

test("the same seed gives the same bytes, another seed others", () => {
  expect(of()).toEqual(of());
  expect(of({ seed: 2 }).vectors).not.toEqual(of().vectors);
});

test("rows and queries are of unit length, and none is another", () => {
  const { vectors, queries, dims } = of();
  const rows = Array.from({ length: 420 }, (_, i) =>
    i < 400
      ? vectors.subarray(i * dims, (i + 1) * dims)
      : queries.subarray((i - 400) * dims, (i - 399) * dims),
  );
  expect(rows.map((row) => Math.hypot(...row))).toBeClose(
    rows.map(() => 1),
    { atol: 1e-5 },
  );
  expect(new Set(rows.map((row) => row.join())).size).toBe(420);
});

test("neighbours are near, others are not, and the first cluster is the largest", () => {
  const { vectors, dims } = of();
  const cosine = (a: number, b: number) => {
    let sum = 0;
    for (let j = 0; j < dims; j++) sum += vectors[a * dims + j] * vectors[b * dims + j];
    return sum;
  };
  const near = Array.from({ length: 400 }, (_, row) =>
    Array.from({ length: 400 }, (_, other) => cosine(row, other)).filter((x) => x > 0.4),
  ).map((list) => list.length);
  const sorted = near.sort((a, b) => a - b);
  // 1 / 10 and 1 of 2.93: some 14 and 137 rows.
  expect(sorted[0]).toBeLessThan(60);
  expect(sorted[399]).toBeGreaterThan(100);
});

test("no dimension says more than another", () => {
  const { vectors, dims } = of({ rows: 4000, clusters: 1000 });
  const squares = new Float64Array(dims);
  vectors.forEach((x, i) => {
    squares[i % dims] += x * x;
  });
  expect(Math.max(...squares) / Math.min(...squares)).toBeLessThan(4);
});
