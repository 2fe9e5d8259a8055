/** Eigenvectors of symmetric matrices: plain loops in float64. */
import { bug } from "../errors.ts";

/** By falling value. */
export interface Eigen {
  readonly values: Float64Array;
  /** Row `i`, of length 1, belongs to value `i`: `[n, n]`. */
  readonly vectors: Float64Array;
}

/**
 * All eigenvalues and eigenvectors of a symmetric matrix `[n, n]`, which is left as it was: Householder's reduction to three diagonals, then
 * QL with implicit shifts (EISPACK's tred2 and tql2; Bowdler, Martin, Reinsch and Wilkinson, Numerische Mathematik 11, 1968). O(n³).
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  if (matrix.length !== n * n) throw bug("not a square matrix", { got: `${matrix.length}, ${n}` });
  // Rows of z become the eigenvectors: all inner loops run along rows.
  const z = matrix.slice();
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  tridiagonalize(z, diagonal, beside, n);
  diagonalize(z, diagonal, beside, n);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b] - diagonal[a]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(z.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => diagonal[i]), vectors };
}

/** `A = Qᵀ T Q`: leaves Q in `z`, the diagonal of T in `d` and what is beside it in `e`, from 1. */
function tridiagonalize(z: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  // Q is the product of reflections I − u uᵀ / h, each of which makes one row of A tridiagonal.
  const reflections: { readonly u: Float64Array; readonly h: number }[] = [];
  const p = new Float64Array(n);
  for (let i = n - 1; i >= 2; i--) {
    const row = z.subarray(i * n, i * n + i);
    const norm = Math.hypot(...row);
    if (norm === 0 || norm === Math.abs(row[i - 1])) {
      e[i] = row[i - 1];
      continue;
    }
    const u = row.slice();
    const signed = u[i - 1] > 0 ? -norm : norm;
    const h = norm * norm - u[i - 1] * signed;
    u[i - 1] -= signed;
    e[i] = signed;
    // A := A − u qᵀ − q uᵀ over the first i rows, where q = A u / h − u (uᵀ A u) / 2h².
    let k = 0;
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let l = 0; l < i; l++) sum += z[j * n + l] * u[l];
      p[j] = sum / h;
      k += u[j] * p[j];
    }
    k /= 2 * h;
    for (let j = 0; j < i; j++) p[j] -= k * u[j];
    for (let j = 0; j < i; j++) {
      for (let l = 0; l < i; l++) z[j * n + l] -= u[j] * p[l] + p[j] * u[l];
    }
    reflections.push({ u, h });
  }
  if (n > 1) e[1] = z[n];
  for (let i = 0; i < n; i++) d[i] = z[i * n + i];
  z.fill(0);
  for (let i = 0; i < n; i++) z[i * n + i] = 1;
  for (const { u, h } of reflections.reverse()) reflectRows(z, u, h, n);
}

/** Each row of `z` is reflected: `z := z (I − u uᵀ / h)`. */
function reflectRows(z: Float64Array, u: Float64Array, h: number, n: number): void {
  for (let row = 0; row < n; row++) {
    const at = row * n;
    let sum = 0;
    for (let l = 0; l < u.length; l++) sum += u[l] * z[at + l];
    if (sum === 0) continue;
    sum /= h;
    for (let l = 0; l < u.length; l++) z[at + l] -= sum * u[l];
  }
}

/** Rotates T to its diagonal, and the rows of `z` with it. */
function diagonalize(z: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  for (let l = 0; l < n; l++) {
    for (let tries = 0; ; tries++) {
      const m = firstSmall(d, e, l, n);
      if (m === l) break;
      if (tries === 60) throw bug("the eigenvalues do not converge");
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      let r = Math.hypot(g, 1);
      g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotate(z, i * n, (i + 1) * n, c, s, n);
      }
      if (r === 0 && i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

/** From `l` on, the first number beside the diagonal that is as good as 0. */
function firstSmall(d: Float64Array, e: Float64Array, l: number, n: number): number {
  let m = l;
  while (m < n - 1) {
    const size = Math.abs(d[m]) + Math.abs(d[m + 1]);
    if (Math.abs(e[m]) <= Number.EPSILON * size) break;
    m++;
  }
  return m;
}

function rotate(z: Float64Array, a: number, b: number, c: number, s: number, n: number): void {
  for (let k = 0; k < n; k++) {
    const f = z[b + k];
    z[b + k] = s * z[a + k] + c * f;
    z[a + k] = c * z[a + k] - s * f;
  }
}
