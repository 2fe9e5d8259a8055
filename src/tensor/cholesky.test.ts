import { expect, test } from "vitest";
import { inverseFactor } from "./cholesky.ts";

/** `A Aᵀ + I` of some numbers. */
function definite(n: number): Float64Array {
  const a = Float64Array.from({ length: n * n }, (_, i) => Math.sin(i * i + 1));
  const h = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      h[i * n + j] = i === j ? 1 : 0;
      for (let k = 0; k < n; k++) h[i * n + j] += a[i * n + k] * a[j * n + k];
    }
  }
  return h;
}

test.each([1, 2, 3, 17])("Uᵀ U H is 1, and U upper triangular: %i", (n) => {
  const h = definite(n);
  const u = inverseFactor(h, n);
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (i > j) expect(u[i * n + j]).toBe(0);
      for (let k = 0; k < n; k++) {
        let inverse = 0;
        for (let l = 0; l < n; l++) inverse += u[l * n + i] * u[l * n + k];
        product[i * n + j] += inverse * h[k * n + j];
      }
    }
  }
  const wanted = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
  expect(product).toBeClose(wanted, { rtol: 0, atol: 1e-9 });
});

test.each([
  ["indefinite", [1, 2, 2, 1]],
  ["of no numbers", [1, Number.NaN, Number.NaN, 1]],
])("a matrix that is %s is refused", (_, matrix) => {
  expect(() => inverseFactor(Float64Array.from(matrix), 2)).toThrow("not positive definite");
});
