import { cosines as rowCosines } from "../src/evaluate/agreement.ts";
import { floats } from "../src/tensor/tensor.ts";
import { mean } from "./measure.ts";

/** Of each row `[N, dims]` with the same row of the other. */
export function cosines(a: Float32Array, b: Float32Array, dims: number): number[] {
  const rows = (data: Float32Array) => floats(data, [data.length / dims, dims]);
  return Array.from(rowCosines(rows(a), rows(b)));
}

export function meanCosine(a: Float32Array, b: Float32Array, dims: number): number {
  return mean(cosines(a, b, dims));
}
