import { quantile } from "../evaluate/resample.ts";

/** Of numbers in any order. */
export function quantileOf(values: readonly number[], share: number): number {
  return quantile(Float64Array.from(values).sort(), share);
}
