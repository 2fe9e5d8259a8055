/**
 * Two properties of vectors on the unit sphere that good embeddings have both (Wang and Isola, "Understanding Contrastive Representation
 * Learning through Alignment and Uniformity on the Hypersphere", arXiv:2005.10242): matches lie close, and all texts far apart.
 */
import { NearfoldError } from "../errors.ts";
import { sequence, shuffle } from "../graph/rng.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";

/**
 * Mean `‖x - y‖^α` over matching rows of `[N, D]` and `[N, D]`, made unit vectors (§4.1.1): 0 at best, 2 for α = 2 between strangers in
 * all directions. Rows without a direction are left out; NaN where none is left.
 * @param alpha @default 2
 * @throws mismatch for two shapes
 */
export function alignment(
  x: Tensor<"float32">,
  y: Tensor<"float32">,
  { alpha = 2 }: { readonly alpha?: number } = {},
): number {
  const [rows, width] = x.shape;
  if (rows !== y.shape[0] || width !== y.shape[1]) {
    const [got, wanted] = [`[${x.shape}] and [${y.shape}]`, "[N, D] twice"];
    throw new NearfoldError("mismatch", "not as many vectors of one width", { got, wanted });
  }
  const [a, b] = [unitRows(x), unitRows(y)];
  let [sum, count] = [0, 0];
  for (let row = 0; row < rows; row++) {
    if (!a.directed[row] || !b.directed[row]) continue;
    sum += squaredDistance(a.data, row, b.data, row, width) ** (alpha / 2);
    count++;
  }
  return sum / count;
}

/**
 * `log mean exp(-t ‖x - y‖²)` over all pairs of different rows of `[N, D]`, made unit vectors (§4.1.2): 0 where all are one, and the lower the
 * more evenly they fill the sphere. It takes `N² D / 2` steps. Rows without a direction are left out; NaN where fewer than two are left.
 * @param t @default 2
 */
export function uniformity(x: Tensor<"float32">, { t = 2 }: { readonly t?: number } = {}): number {
  const [rows, width] = x.shape;
  const { data, directed } = unitRows(x);
  let [sum, count] = [0, 0];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; directed[i] && j < i; j++) {
      if (!directed[j]) continue;
      sum += Math.exp(-t * squaredDistance(data, i, data, j, width));
      count++;
    }
  }
  return Math.log(sum / count);
}

/** The rows of `[N, D]` that are named, as `[n, D]`. */
export function takeRows({ shape: [, width], data }: Tensor<"float32">, rows: ArrayLike<number>) {
  const out = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    out.set(data.subarray(rows[i] * width, (rows[i] + 1) * width), i * width);
  }
  return floats(out, [rows.length, width]);
}

/** At most `most` of `count` rows, drawn without replacement, in ascending order. */
export function sampleRows(count: number, most: number, seed: number): Int32Array {
  const rows = Int32Array.from({ length: count }, (_, i) => i);
  if (count <= most) return rows;
  return shuffle(rows, sequence(seed)).slice(0, most).sort();
}

function unitRows({ shape: [rows, width], data }: Tensor<"float32">) {
  const units = Float64Array.from(data);
  const directed = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const unit = units.subarray(row * width, (row + 1) * width);
    const length = Math.sqrt(unit.reduce((sum, value) => sum + value * value, 0));
    directed[row] = length > 0 ? 1 : 0;
    for (let i = 0; length > 0 && i < width; i++) unit[i] /= length;
  }
  return { data: units, directed };
}

function squaredDistance(
  a: Float64Array,
  rowA: number,
  b: Float64Array,
  rowB: number,
  width: number,
): number {
  let sum = 0;
  for (let i = rowA * width, j = rowB * width; i < (rowA + 1) * width; i++, j++) {
    sum += (a[i] - b[j]) ** 2;
  }
  return sum;
}
