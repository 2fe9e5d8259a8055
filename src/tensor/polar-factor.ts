/** The orthogonal matrix that is nearest to another: plain loops in float64. */
import { bug } from "../errors.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** Singular values below this share of the greatest say nothing of a direction. */
const SMALL = 1e-7;

/**
 * `U Vᵀ` of `M = U S Vᵀ`, all `[n, n]`: the orthogonal matrix nearest to M (Schönemann, "A generalized solution of the orthogonal Procrustes
 * problem", Psychometrika 31, 1966). Where M has no direction any is taken that is orthogonal to the others. O(n³).
 */
export function polarFactor(matrix: Float64Array, n: number): Float64Array {
  if (matrix.length !== n * n) throw bug("not a square matrix", { got: `${matrix.length}, ${n}` });
  const { values, vectors } = symmetricEigen(gram(matrix, n), n);
  const least = SMALL * Math.sqrt(Math.max(0, values[0]));
  // Rows of u are the left singular vectors, in the order of the right ones.
  const u = new Float64Array(n * n);
  let next = 0;
  for (let i = 0; i < n; i++) {
    const row = u.subarray(i * n, (i + 1) * n);
    if (Math.sqrt(Math.max(0, values[i])) > least) {
      multiply(matrix, vectors.subarray(i * n, (i + 1) * n), row, n);
      if (straighten(u, i, n) > 0.5) continue;
    }
    do {
      row.fill(0);
      row[next++] = 1;
    } while (straighten(u, i, n) < 1e-3);
  }
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < n; r++) {
      const factor = u[i * n + r];
      for (let c = 0; c < n; c++) out[r * n + c] += factor * vectors[i * n + c];
    }
  }
  return out;
}

/** `Mᵀ M`. */
function gram(matrix: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let r = 0; r < n; r++) {
    const row = matrix.subarray(r * n, (r + 1) * n);
    for (let i = 0; i < n; i++) {
      const factor = row[i];
      for (let j = 0; j < n; j++) out[i * n + j] += factor * row[j];
    }
  }
  return out;
}

function multiply(matrix: Float64Array, vector: Float64Array, out: Float64Array, n: number): void {
  for (let r = 0; r < n; r++) {
    let sum = 0;
    for (let c = 0; c < n; c++) sum += matrix[r * n + c] * vector[c];
    out[r] = sum;
  }
}

/** Takes from row `i` what lies along the rows before it, and brings it to length 1; gives the share of its length that was left. */
function straighten(rows: Float64Array, i: number, n: number): number {
  const row = rows.subarray(i * n, (i + 1) * n);
  const before = norm(row);
  // Twice: what rounding left of the first time.
  for (let pass = 0; pass < 2; pass++) {
    for (let k = 0; k < i; k++) {
      const other = rows.subarray(k * n, (k + 1) * n);
      let sum = 0;
      for (let c = 0; c < n; c++) sum += row[c] * other[c];
      for (let c = 0; c < n; c++) row[c] -= sum * other[c];
    }
  }
  const after = norm(row);
  if (after > 0) for (let c = 0; c < n; c++) row[c] /= after;
  return before > 0 ? after / before : 0;
}

function norm(row: Float64Array): number {
  let square = 0;
  for (const x of row) square += x * x;
  return Math.sqrt(square);
}
