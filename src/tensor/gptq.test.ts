import { expect, test } from "vitest";
import { dequantizeRows, quantizeRows, type RowCodes } from "./codes.ts";
import { gptqRows } from "./gptq.ts";
import { floats, type Tensor } from "./tensor.ts";

/** Numbers that look like noise: sums of uniform ones (Park and Miller's generator). */
function noiseOf(length: number, { seed, std }: { readonly seed: number; readonly std: number }) {
  let state = seed;
  const uniform = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647 - 0.5;
  };
  return Float32Array.from({ length }, () => std * (uniform() + uniform() + uniform()) * 2);
}

const [ROWS, WIDTH, SEEN] = [8, 64, 512];
const options = { bits: 4, block: 32 };
const weight = floats(noiseOf(ROWS * WIDTH, { seed: 1, std: 1 }), [ROWS, WIDTH]);

/** Rows of few directions, as a layer reads them. */
const read = (() => {
  const own = noiseOf(SEEN * 8, { seed: 2, std: 1 });
  const along = noiseOf(8 * WIDTH, { seed: 3, std: 1 });
  const noise = noiseOf(SEEN * WIDTH, { seed: 4, std: 0.1 });
  return noise.map((x, at) => {
    const [row, column] = [Math.floor(at / WIDTH), at % WIDTH];
    let sum = x;
    for (let k = 0; k < 8; k++) sum += own[row * 8 + k] * along[k * WIDTH + column];
    return sum;
  });
})();

function momentsOf(rows: Float32Array): Tensor<"float32"> {
  const sums = new Float32Array(WIDTH * WIDTH);
  for (let row = 0; row < rows.length; row += WIDTH) {
    for (let i = 0; i < WIDTH; i++) {
      for (let j = 0; j < WIDTH; j++) sums[i * WIDTH + j] += rows[row + i] * rows[row + j];
    }
  }
  return floats(sums, [WIDTH, WIDTH]);
}

/** `Σ ‖(W − Ŵ) x‖²` over what is read. */
function errorOf(codes: RowCodes): number {
  const back = dequantizeRows(codes).data.map((x, i) => x - weight.data[i]);
  let total = 0;
  for (let row = 0; row < read.length; row += WIDTH) {
    for (let out = 0; out < ROWS; out++) {
      let sum = 0;
      for (let i = 0; i < WIDTH; i++) sum += back[out * WIDTH + i] * read[row + i];
      total += sum ** 2;
    }
  }
  return total;
}

test("products err less by far than those of numbers that are rounded one by one", () => {
  const nearest = errorOf(quantizeRows(weight, { ...options, reach: 8 }));
  expect(errorOf(gptqRows(weight, momentsOf(read), options))).toBeLessThan(0.3 * nearest);
});

test("of nothing that was read, it rounds each number well", () => {
  const found = gptqRows(weight, momentsOf(new Float32Array(WIDTH)), options);
  const back = dequantizeRows(found).data;
  expect(found.scale.shape).toEqual([ROWS, 2]);
  const square = (sum: number, x: number) => sum + x * x;
  const error = back.map((x, i) => x - weight.data[i]).reduce(square, 0);
  expect(error / weight.data.reduce(square, 0)).toBeLessThan(0.01);
});

test("zeros stay zeros", () => {
  const zeros = floats(new Float32Array(WIDTH), [1, WIDTH]);
  const { codes, scale } = gptqRows(zeros, momentsOf(read), options);
  expect([new Set(codes.data), [...scale.data]]).toEqual([new Set([0]), [1, 1]]);
});
