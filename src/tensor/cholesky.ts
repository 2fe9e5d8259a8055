/** Factors of positive definite matrices: plain loops in float64. */
import { NearfoldError } from "../errors.ts";

/**
 * U, upper triangular `[n, n]`, of `H⁻¹ = Uᵀ U`; H is read from its lower triangle and left as it was. It is the inverse of H's Cholesky factor where rows and columns
 * run backwards: `J H J = L Lᵀ` and `U = J L⁻¹ J`. O(n³).
 * @throws not-finite for a matrix that is not positive definite
 */
export function inverseFactor(h: Float64Array, n: number): Float64Array {
  const backwards = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) backwards[i * n + j] = h[(n - 1 - j) * n + (n - 1 - i)];
  }
  factorize(backwards, n);
  invertLower(backwards, n);
  // Of a matrix stored row by row, both orders turned round at once are the array turned round.
  return backwards.reverse();
}

/** The lower triangle of `A` becomes L of `A = L Lᵀ`. */
function factorize(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const row = a.subarray(i * n, i * n + i + 1);
    for (let j = 0; j <= i; j++) {
      const other = a.subarray(j * n, j * n + j + 1);
      let sum = row[j];
      for (let k = 0; k < j; k++) sum -= row[k] * other[k];
      if (j < i) row[j] = sum / other[j];
      else if (sum > 0) row[j] = Math.sqrt(sum);
      else throw new NearfoldError("not-finite", "a matrix is not positive definite");
    }
  }
}

/** `L` becomes its inverse. */
function invertLower(l: Float64Array, n: number): void {
  const made = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = l.subarray(i * n, i * n + i + 1);
    made.fill(0, 0, i + 1);
    for (let k = 0; k < i; k++) {
      const factor = row[k];
      const done = l.subarray(k * n, k * n + k + 1);
      for (let j = 0; j <= k; j++) made[j] -= factor * done[j];
    }
    const diagonal = row[i];
    for (let j = 0; j < i; j++) row[j] = made[j] / diagonal;
    row[i] = 1 / diagonal;
  }
}
