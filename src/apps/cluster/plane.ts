/** Rows on a plane, near ones near: UMAP (McInnes, Healy and Melville 2018) by umap-js. */
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../../errors.ts";
import { sequence, shuffle } from "../../graph/index.ts";
import { takeRows } from "../../tensor/rows.ts";
import { TopK } from "../../tensor/top-k.ts";
import { neighbourGraph } from "./neighbour-graph.ts";
import { openProducts } from "./products.ts";
import { asUnitRows } from "./unit-rows.ts";

export interface PlaneOptions {
  /** Rows that are laid out; the others are placed among them. @default 4000 */
  readonly sample?: number;
  /** Of each row: the more, the more the picture is of the whole. @default 15 */
  readonly neighbours?: number;
  /** @default 1 */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Points `[N, 2]` of rows `[N, dims]`, by cosine. Beyond the sample a row lies where its nearest rows of the sample do, on the mean by how near they are. Same rows, same seed, same points.
 * @throws not-finite; aborted
 */
export async function layOut(
  vectors: Float32Array,
  dims: number,
  { sample = 4000, neighbours = 15, seed = 1, signal, onProgress }: PlaneOptions = {},
): Promise<Float32Array> {
  const rows = asUnitRows(vectors, dims);
  const count = rows.length / dims;
  const order = shuffle(
    Int32Array.from({ length: count }, (_, row) => row),
    sequence(seed),
  );
  const sampled = order.slice(0, sample).sort();
  const k = Math.min(neighbours, sampled.length - 1);
  const own = takeRows(rows, dims, sampled);
  if (k < 2) return Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? i / 2 : 0));
  const made = await optimized(own, dims, { k, seed, signal, onProgress });
  if (sampled.length === count) return made;
  const points = await placeAmong(rows, own, made, dims, k);
  sampled.forEach((row, i) => {
    points.set(made.subarray(2 * i, 2 * i + 2), 2 * row);
  });
  return points;
}

type FitOptions = Required<Pick<PlaneOptions, "seed">> & {
  readonly k: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: PlaneOptions["onProgress"] | undefined;
};

async function optimized(
  rows: Float32Array,
  dims: number,
  { k, seed, signal, onProgress }: FitOptions,
): Promise<Float32Array> {
  const graph = await neighbourGraph(rows, dims, k, { signal });
  const count = rows.length / dims;
  const { UMAP } = await import("umap-js");
  const umap = new UMAP({ nNeighbors: k, minDist: 0.3, random: sequence(seed, 1) });
  const each = <T>(make: (row: number) => T) =>
    Array.from({ length: count }, (_, row) => make(row));
  const part = (list: Int32Array | Float64Array, row: number) =>
    Array.from(list.subarray(row * graph.k, row * graph.k + k - 1));
  // A row is its own first neighbour there. The cosine distance is half the squared straight one.
  umap.setPrecomputedKNN(
    each((row) => [row, ...part(graph.rows, row)]),
    each((row) => [0, ...part(graph.distances, row).map((distance) => distance ** 2 / 2)]),
  );
  const rounds = umap.initializeFit(each((row) => [row]));
  for (let round = 0; round < rounds; round++) {
    umap.step();
    if (round % 10 < 9) continue;
    onProgress?.(round + 1, rounds);
    await setImmediate();
    throwIfAborted(signal, "drawing the map");
  }
  return Float32Array.from(umap.getEmbedding().flat());
}

async function placeAmong(
  rows: Float32Array,
  sampled: Float32Array,
  made: Float32Array,
  dims: number,
  k: number,
): Promise<Float32Array> {
  const points = new Float32Array((2 * rows.length) / dims);
  const columns = sampled.length / dims;
  await using products = await openProducts(dims);
  await products.each(rows, sampled, (block, first, count) => {
    for (let i = 0; i < count; i++) {
      const best = new TopK(Math.min(3, k));
      for (let other = 0; other < columns; other++) {
        const score = block[i * columns + other];
        if (best.takes(score, other)) best.push(score, other);
      }
      const near = best.sorted();
      const weights = near.map(({ score }) => 1 / (1e-3 + 1 - score));
      const sum = weights.reduce((a, b) => a + b, 0);
      near.forEach(({ row }, j) => {
        for (const axis of [0, 1]) {
          points[2 * (first + i) + axis] += (weights[j] / sum) * made[2 * row + axis];
        }
      });
    }
  });
  return points;
}
