import { describe, expect, test } from "vitest";
import { AdamW, type Moments } from "./adamw.ts";
import { clipGlobalNorm, globalNorm } from "./clip.ts";
import { RowSums } from "./row-sums.ts";
import { decays, learningRate } from "./schedule.ts";

const [rows, width] = [5, 3];
const start = () => Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i));
const gradientOf = (step: number, row: number) =>
  Float32Array.from({ length: width }, (_, i) => Math.cos(step * 7 + row * 3 + i));
const rateOf = (step: number) => 0.01 / (1 + step / 50);

/** The table after `steps`, moved as a dense parameter, or as rows of which each batch names some. */
function run(
  steps: number,
  touched: (step: number) => number[],
  lazy: boolean,
  read: (step: number) => number[],
) {
  const table = start();
  const moments: Moments = AdamW.moments(table.length, lazy ? rows : undefined);
  const optimizer = new AdamW({ weightDecay: 0.1 });
  for (let step = 0; step < steps; step++) {
    if (lazy) optimizer.settle(table, moments, read(step));
    optimizer.beginStep(rateOf(step));
    const names = touched(step);
    if (lazy) {
      const values = Float32Array.from(names.flatMap((row) => [...gradientOf(step, row)]));
      optimizer.updateRows(table, { indices: Int32Array.from(names), rows: values }, moments);
    } else {
      const dense = new Float32Array(table.length);
      for (const row of names) dense.set(gradientOf(step, row), row * width);
      optimizer.update(table, dense, moments);
    }
  }
  if (lazy) optimizer.settle(table, moments);
  return { table, moments };
}

describe("rows moved lazily end where a dense update ends", () => {
  test.each([
    ["alternating batches", 40, (step: number) => (step % 2 ? [0, 2] : [1, 2])],
    ["a row used once, long ago", 500, (step: number) => (step === 0 ? [0, 1] : [1])],
    [
      "a row that comes back after 300 steps",
      320,
      (step: number) => (step % 300 === 0 ? [0] : [3]),
    ],
    ["rows never used still decay", 30, () => [4]],
  ])("%s", (_, steps, touched) => {
    const dense = run(steps, touched, false, () => []);
    const lazy = run(steps, touched, true, touched);
    expect(lazy.table).toBeClose(dense.table, { rtol: 2e-6, atol: 1e-7 });
    expect(lazy.moments.second).toBeClose(dense.moments.second, { rtol: 1e-4, atol: 1e-9 });
  });

  test("reading a row early changes no more than rounding", () => {
    const touched = (step: number) => (step % 3 ? [0] : [1]);
    const plain = run(50, touched, true, touched);
    const eager = run(50, touched, true, () => [0, 1, 2, 3, 4]);
    expect(eager.table).toBeClose(plain.table, { rtol: 1e-6, atol: 0 });
  });
});

test("the rows of a batch are added up, each once", () => {
  const sums = new RowSums(10, 2);
  const update = { indices: [7, 3, 7], rows: Float32Array.of(1, 2, 3, 4, 5, 6) };
  const again = { indices: [3], rows: Float32Array.of(10, 20) };
  for (let round = 0; round < 2; round++) {
    const { indices, rows: found } = sums.sum([update, again]);
    expect([...indices]).toEqual([7, 3]);
    expect([...found]).toEqual([6, 8, 13, 24]);
  }
});

test.each([
  ["below the limit nothing changes", [3, 4], 10, [3, 4]],
  ["above it all are scaled", [3, 4], 1, [0.6, 0.8]],
])("clipping: %s", (_, values, limit, wanted) => {
  const gradient = Float32Array.from(values);
  expect(clipGlobalNorm([gradient.subarray(0, 1), gradient.subarray(1)], limit)).toBe(5);
  expect(gradient).toBeClose(wanted, { rtol: 1e-5 });
  expect(globalNorm([gradient])).toBeLessThanOrEqual(limit + 1e-5);
});

test.each([
  ["warm-up begins at 0", 0, { warmupSteps: 10 }, 0],
  ["warm-up rises", 5, { warmupSteps: 10 }, 0.5],
  ["the peak comes after the warm-up", 10, { warmupSteps: 10 }, 1],
  ["linear halfway", 55, { warmupSteps: 10 }, 0.5],
  ["cosine halfway", 55, { warmupSteps: 10, decay: "cosine" as const }, 0.5],
  ["cosine at a quarter", 25, { decay: "cosine" as const }, (1 + Math.SQRT1_2) / 2],
  ["constant", 99, { decay: "constant" as const }, 1],
  ["the end is 0", 100, {}, 0],
])("learning rate: %s", (_, step, options, wanted) => {
  expect(learningRate(step, { peak: 1, totalSteps: 100, ...options })).toBeCloseTo(wanted, 10);
});

test("every decay begins at the peak", () => {
  for (const decay of Object.values(decays)) expect(decay(0)).toBe(1);
});
