/** Where k-means begins. */
import type { Rng } from "../../graph/rng.ts";
import type { Products } from "./products.ts";

/**
 * Centers `[k, dims]` that are rows, far from each other: k-means++ (Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding", 2007), greedy as in their own
 * code and in scikit-learn: of `2 + ln k` candidates the one that lowers the sum of distances most. A distance is `1 - cosine`, half the squared one of unit vectors.
 * @param rows `[N, dims]` of unit length
 */
export async function seedCenters(
  rows: Float32Array,
  dims: number,
  k: number,
  { products, next }: { readonly products: Products; readonly next: Rng },
): Promise<Float32Array> {
  const count = rows.length / dims;
  const trials = 2 + Math.floor(Math.log(k));
  const centers = new Float32Array(k * dims);
  const distances = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (let center = 0; center < k; center++) {
    const drawn =
      center === 0
        ? [Math.floor(next() * count)]
        : Array.from({ length: trials }, () => drawByWeight(distances, next));
    const best = await bestOf(drawn, rows, dims, distances, products);
    centers.set(rows.subarray(best.row * dims, (best.row + 1) * dims), center * dims);
    distances.set(best.distances);
  }
  return centers;
}

async function bestOf(
  drawn: readonly number[],
  rows: Float32Array,
  dims: number,
  distances: Float64Array,
  products: Products,
) {
  const candidates = new Float32Array(drawn.length * dims);
  drawn.forEach((row, i) => {
    candidates.set(rows.subarray(row * dims, (row + 1) * dims), i * dims);
  });
  const made = drawn.map(() => new Float64Array(distances.length));
  const sums = new Float64Array(drawn.length);
  await products.each(rows, candidates, (block, first, count) => {
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < drawn.length; i++) {
        const distance = Math.max(0, 1 - block[row * drawn.length + i]);
        const least = Math.min(distances[first + row], distance);
        made[i][first + row] = least;
        sums[i] += least;
      }
    }
  });
  const best = sums.indexOf(Math.min(...sums));
  return { row: drawn[best], distances: made[best] };
}

/** A place, as likely as its weight is large; any where all are 0. */
function drawByWeight(weights: Float64Array, next: Rng): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  let left = next() * sum;
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i];
    if (left < 0) return i;
  }
  return Math.floor(next() * weights.length);
}
