import { mean } from "./measure.ts";

/** Of each row `[N, dims]` with the same row of the other. */
export function cosines(a: Float32Array, b: Float32Array, dims: number): number[] {
  return Array.from({ length: a.length / dims }, (_, row) => {
    let [dot, x, y] = [0, 0, 0];
    for (let i = row * dims; i < (row + 1) * dims; i++) {
      dot += a[i] * b[i];
      x += a[i] * a[i];
      y += b[i] * b[i];
    }
    return dot / Math.sqrt(x * y);
  });
}

export function meanCosine(a: Float32Array, b: Float32Array, dims: number): number {
  return mean(cosines(a, b, dims));
}
