/** Fewer dimensions for vectors, losing as little as can be. */
import { NearfoldError } from "../errors.ts";
import { sequence, shuffle } from "../graph/rng.ts";
import { symmetricEigen } from "../tensor/symmetric-eigen.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";

/** Rows that the axes are found from: more change them little and cost more. */
const MOST_ROWS = 20_000;

/**
 * The `dims` orthonormal directions `[dims, W]` in which vectors `[N, W]` are longest. They are principal axes without taking the mean
 * away, so products of vectors, and with them cosines, are kept best (Eckart and Young, Psychometrika 1936).
 * @param seed of the rows that are looked at where there are more than 20,000
 * @throws bad-argument for more dims than the vectors have
 */
export function principalAxes(
  { data, shape }: Tensor<"float32">,
  dims: number,
  { seed = 42 }: { readonly seed?: number } = {},
): Tensor<"float32"> {
  const [rows, width] = shape as [number, number];
  if (dims > width) {
    const [got, wanted] = [`${dims}`, `at most ${width}`];
    throw new NearfoldError("bad-argument", "the vectors are not that wide", { got, wanted });
  }
  const chosen = shuffle(
    Int32Array.from({ length: rows }, (_, row) => row),
    sequence(seed),
  ).subarray(0, MOST_ROWS);
  const moments = new Float64Array(width * width);
  for (const row of chosen) {
    const vector = data.subarray(row * width, (row + 1) * width);
    for (let i = 0; i < width; i++) {
      const x = vector[i];
      for (let j = 0; j <= i; j++) moments[i * width + j] += x * vector[j];
    }
  }
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) moments[j * width + i] = moments[i * width + j];
  }
  const { vectors } = symmetricEigen(moments, width);
  return floats(Float32Array.from(vectors.subarray(0, dims * width)), [dims, width]);
}

/** Vectors `[N, W]` along axes `[dims, W]`: `[N, dims]`. */
export function alongAxes(
  { data, shape: [rows, width] }: Tensor<"float32">,
  { data: axes, shape: [dims] }: Tensor<"float32">,
): Tensor<"float32"> {
  const found = new Float32Array(rows * dims);
  for (let row = 0; row < rows; row++) {
    const vector = data.subarray(row * width, (row + 1) * width);
    for (let axis = 0; axis < dims; axis++) {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += vector[i] * axes[axis * width + i];
      found[row * dims + axis] = sum;
    }
  }
  return floats(found, [rows, dims]);
}
