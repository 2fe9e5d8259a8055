import { expect, test } from "vitest";
import { polarFactor } from "./polar-factor.ts";

/** Numbers in (-1, 1) without an order. */
const random = (n: number, seed: number) =>
  Float64Array.from({ length: n * n }, (_, i) => Math.sin(1e4 * (i + 1) * (seed + 0.5)));

function product(a: Float64Array, b: Float64Array, n: number) {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [r, c] = [Math.floor(at / n), at % n];
    return Array.from({ length: n }, (_, k) => a[r * n + k] * b[k * n + c]).reduce((s, x) => s + x);
  });
}

const transposed = (a: Float64Array, n: number) =>
  a.map((_, at) => a[(at % n) * n + Math.floor(at / n)]);

function farthest(a: Float64Array, b: Float64Array) {
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
}

const identity = (n: number) =>
  Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));

test.each([1, 2, 7, 40])("it is orthogonal, and the rest is symmetric and positive: %i", (n) => {
  const m = random(n, n);
  const q = polarFactor(m, n);
  expect(farthest(product(transposed(q, n), q, n), identity(n))).toBeLessThan(1e-10);
  // M = Q H with H = Qᵀ M symmetric: what tells the nearest from any other (Higham 2008, theorem 8.1).
  const h = product(transposed(q, n), m, n);
  expect(farthest(h, transposed(h, n))).toBeLessThan(1e-6);
  for (let i = 0; i < n; i++) expect(h[i * (n + 1)]).toBeGreaterThan(0);
});

test("an orthogonal matrix is its own, scaled or not", () => {
  const q = polarFactor(random(12, 3), 12);
  const scaled = q.map((x) => 1e-3 * x);
  expect(farthest(polarFactor(scaled, 12), q)).toBeLessThan(1e-9);
});

test.each([
  ["nothing", new Float64Array(9)],
  ["one direction", Float64Array.of(1, 2, 3, 2, 4, 6, 3, 6, 9)],
])("of a matrix that says %s it is orthogonal too", (_, m) => {
  const q = polarFactor(m, 3);
  expect(farthest(product(transposed(q, 3), q, 3), identity(3))).toBeLessThan(1e-12);
});
