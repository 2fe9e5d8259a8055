import type { Tensor } from "../src/tensor/tensor.ts";
import type { BatchGradient } from "../src/train/gradients.ts";

/** A batch's gradients by weight, those that came as rows added up to whole tables; the arrays are the caller's. */
export function densified(
  { dense, rows }: BatchGradient,
  weights: Readonly<Record<string, Tensor>>,
): Map<string, Float32Array> {
  const all = new Map([...dense].map(([name, data]) => [name, data.slice()]));
  for (const [table, updates] of rows) {
    const { shape, data } = weights[table];
    const width = shape[1];
    const sum = all.get(table) ?? new Float32Array(data.length);
    for (const { indices, rows: values } of updates) {
      Array.from(indices).forEach((row, n) => {
        for (let i = 0; i < width; i++) sum[Number(row) * width + i] += values[n * width + i];
      });
    }
    all.set(table, sum);
  }
  return all;
}
