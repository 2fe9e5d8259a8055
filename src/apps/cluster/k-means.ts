/** Spherical k-means: centers of unit length, rows by their cosine (Dhillon and Modha, "Concept Decompositions for Large Sparse Text Data using Clustering", 2001). */
import { NearfoldError, throwIfAborted } from "../../errors.ts";
import { type Rng, sequence } from "../../graph/rng.ts";
import { unitRows } from "../../tensor/rows.ts";
import { openProducts, type Products } from "./products.ts";
import { seedCenters } from "./seeding.ts";
import { asUnitRows } from "./unit-rows.ts";

export interface KMeansOptions {
  readonly k: number;
  /** Runs from other seeds, of which the best is taken. @default 4 */
  readonly restarts?: number;
  /** @default 1 */
  readonly seed?: number;
  /** Rounds of one run at most. @default 100 */
  readonly iterations?: number;
  /** Rows of one step of mini-batch k-means, for more rows than whole rounds have time for. @default whole rounds */
  readonly batchRows?: number;
  readonly signal?: AbortSignal;
  /** Runs that are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface KMeans {
  /** `[k, dims]`, of unit length. */
  readonly centers: Float32Array;
  /** The center of each row. */
  readonly labels: Int32Array;
  /** The cosine of each row with its center. */
  readonly scores: Float32Array;
  /** Mean cosine distance of a row to its center. */
  readonly distance: number;
  /** Rounds of the run that was taken. */
  readonly iterations: number;
}

/**
 * Groups rows `[N, dims]` around `k` centers. No group is empty where there are `k` different rows. Same rows, same options, same groups.
 * @throws bad-argument for a `k` below 1 or above the rows; not-finite; aborted
 */
export async function kMeans(
  vectors: Float32Array,
  dims: number,
  { k, restarts = 4, seed = 1, iterations = 100, batchRows, signal, onProgress }: KMeansOptions,
): Promise<KMeans> {
  const rows = asUnitRows(vectors, dims);
  const count = rows.length / dims;
  if (!(Number.isInteger(k) && k >= 1 && k <= count)) {
    const wanted = `a whole number from 1 to ${count}, the rows`;
    throw new NearfoldError("bad-argument", "not a number of groups", { got: String(k), wanted });
  }
  await using products = await openProducts(dims);
  let best: KMeans | undefined;
  for (let restart = 0; restart < restarts; restart++) {
    const next = sequence(seed, restart);
    const seeded = await seedCenters(rows, dims, k, { products, next });
    const work = { rows, dims, k, products, signal };
    const begun =
      batchRows === undefined ? seeded : await miniBatches(seeded, work, batchRows, next);
    const made = await rounds(begun, work, batchRows === undefined ? iterations : 1);
    if (best === undefined || made.distance < best.distance) best = made;
    onProgress?.(restart + 1, restarts);
  }
  return best!;
}

interface Work {
  readonly rows: Float32Array;
  readonly dims: number;
  readonly k: number;
  readonly products: Products;
  readonly signal: AbortSignal | undefined;
}

/** Lloyd's rounds until no row changes its center. */
async function rounds(seeded: Float32Array, work: Work, iterations: number): Promise<KMeans> {
  const { rows, dims, k, signal } = work;
  const count = rows.length / dims;
  let centers = seeded;
  let before = new Int32Array(count).fill(-1);
  for (let round = 1; ; round++) {
    throwIfAborted(signal, "clustering");
    const { labels, scores } = await assign(centers, work);
    const moved = reseedEmpty(labels, scores, k);
    const same = !moved && labels.every((label, row) => label === before[row]);
    if (same || (round > iterations && !moved)) {
      const distance = 1 - scores.reduce((sum, score) => sum + score, 0) / count;
      return { centers, labels, scores, distance, iterations: round - 1 };
    }
    centers = meansOf(rows, dims, k, labels);
    before = labels;
    // Rows that are the same leave a center empty for ever.
    if (round > 2 * iterations) {
      const distance = 1 - scores.reduce((sum, score) => sum + score, 0) / count;
      return { centers, labels, scores, distance, iterations: round };
    }
  }
}

/** The nearest center of each row; of equal ones the first. */
async function assign(centers: Float32Array, { rows, dims, k, products }: Work) {
  const labels = new Int32Array(rows.length / dims);
  const scores = new Float32Array(labels.length);
  await products.each(rows, centers, (block, first, count) => {
    for (let row = 0; row < count; row++) {
      let [best, score] = [0, block[row * k]];
      for (let i = 1; i < k; i++) {
        if (block[row * k + i] > score) [best, score] = [i, block[row * k + i]];
      }
      labels[first + row] = best;
      scores[first + row] = score;
    }
  });
  return { labels, scores };
}

/** Gives each empty center the row that is farthest from its own, of a group of more than one. False where none was empty, or no row can be taken. */
function reseedEmpty(labels: Int32Array, scores: Float32Array, k: number): boolean {
  const sizes = new Int32Array(k);
  for (const label of labels) sizes[label]++;
  const empty = [...sizes.keys()].filter((center) => sizes[center] === 0);
  if (empty.length === 0) return false;
  const order = Int32Array.from(labels.keys()).sort((a, b) => scores[a] - scores[b] || a - b);
  let [at, moved] = [0, false];
  for (const center of empty) {
    while (at < order.length && sizes[labels[order[at]]] < 2) at++;
    // A row that lies on its center would leave the next one empty again.
    if (at === order.length || scores[order[at]] > 1 - 1e-6) break;
    sizes[labels[order[at]]]--;
    labels[order[at]] = center;
    sizes[center] = 1;
    moved = true;
    at++;
  }
  return moved;
}

/** Means of the groups, made of unit length; of an empty one, or one whose rows cancel out, zeros. */
function meansOf(rows: Float32Array, dims: number, k: number, labels: Int32Array): Float32Array {
  const sums = new Float64Array(k * dims);
  for (let row = 0; row < labels.length; row++) {
    const [to, from] = [labels[row] * dims, row * dims];
    for (let i = 0; i < dims; i++) sums[to + i] += rows[from + i];
  }
  return unitRows(Float32Array.from(sums), dims);
}

/** Passes over the rows. */
const PASSES = 5;

/** Moves the centers by some rows a step, each by one part in as many as it had (Sculley, "Web-Scale K-Means Clustering", 2010). */
async function miniBatches(
  centers: Float32Array,
  work: Work,
  batchRows: number,
  next: Rng,
): Promise<Float32Array> {
  const { rows, dims, k } = work;
  const count = rows.length / dims;
  const size = Math.min(count, batchRows);
  const batch = new Float32Array(size * dims);
  const seen = new Float64Array(k);
  for (let step = 0; step < Math.ceil((PASSES * count) / size); step++) {
    throwIfAborted(work.signal, "clustering");
    for (let i = 0; i < size; i++) {
      const row = Math.floor(next() * count);
      batch.set(rows.subarray(row * dims, (row + 1) * dims), i * dims);
    }
    const { labels } = await assign(centers, { ...work, rows: batch });
    for (let i = 0; i < size; i++) {
      const rate = 1 / ++seen[labels[i]];
      const to = labels[i] * dims;
      for (let d = 0; d < dims; d++) {
        centers[to + d] += rate * (batch[i * dims + d] - centers[to + d]);
      }
    }
    unitRows(centers, dims);
  }
  return centers;
}
