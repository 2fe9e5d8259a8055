/** The nearest neighbours of each row. */
import { throwIfAborted } from "../../errors.ts";
import { TopK } from "../../tensor/top-k.ts";
import { eachNeighbour } from "../each-neighbour.ts";
import { openProducts } from "./products.ts";

export interface NeighbourGraph {
  readonly k: number;
  /** `[N, k]`, nearest first; the row itself is none of them. */
  readonly rows: Int32Array;
  /** `[N, k]`: the straight distance of unit vectors, `sqrt(2 - 2 cosine)`. */
  readonly distances: Float64Array;
}

/** Up to so many rows are compared with all others: N² products, which ONNX Runtime makes in seconds. */
const EXACT_ROWS = 20_000;

export interface NeighbourGraphOptions {
  readonly signal?: AbortSignal | undefined;
  /** Rows that are done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** @param rows `[N, dims]` of unit length. @throws aborted */
export async function neighbourGraph(
  rows: Float32Array,
  dims: number,
  wanted: number,
  options: NeighbourGraphOptions = {},
): Promise<NeighbourGraph> {
  const count = rows.length / dims;
  const k = Math.min(wanted, count - 1);
  const graph = { k, rows: new Int32Array(count * k), distances: new Float64Array(count * k) };
  if (k === 0) return graph;
  if (count <= EXACT_ROWS) await fillExactly(graph, rows, dims, options);
  else await fillByIndex(graph, rows, dims, options);
  return graph;
}

/** The straight distance of two unit vectors with that cosine. */
export function chord(cosine: number): number {
  return Math.sqrt(Math.max(0, 2 - 2 * cosine));
}

async function fillExactly(
  graph: NeighbourGraph,
  rows: Float32Array,
  dims: number,
  { signal, onProgress }: NeighbourGraphOptions,
): Promise<void> {
  const count = rows.length / dims;
  await using products = await openProducts(dims);
  await products.each(rows, rows, (block, first, blockRows) => {
    throwIfAborted(signal, "looking for neighbours");
    for (let i = 0; i < blockRows; i++) {
      const best = new TopK(graph.k);
      const row = first + i;
      for (let other = 0; other < count; other++) {
        const score = block[i * count + other];
        if (other !== row && best.takes(score, other)) best.push(score, other);
      }
      best.sorted().forEach((hit, place) => {
        graph.rows[row * graph.k + place] = hit.row;
        graph.distances[row * graph.k + place] = chord(hit.score);
      });
    }
    onProgress?.(first + blockRows, count);
  });
}

/** A few neighbours in a hundred are not found. Where there are fewer than `k`, the row itself is the rest, as far away as can be. */
async function fillByIndex(
  graph: NeighbourGraph,
  rows: Float32Array,
  dims: number,
  { signal, onProgress }: NeighbourGraphOptions,
): Promise<void> {
  const { k } = graph;
  const count = rows.length / dims;
  for (let i = 0; i < graph.rows.length; i++) graph.rows[i] = Math.floor(i / k);
  graph.distances.fill(chord(-1));
  const search = { k, candidates: { add: 96, search: Math.max(64, 2 * k) }, signal };
  const passed = (stage: "indexing" | "neighbours", done: number) =>
    onProgress?.(stage === "indexing" ? done / 2 : (count + done) / 2, count);
  await eachNeighbour(
    rows,
    dims,
    { ...search, onProgress: passed },
    (row, other, product, place) => {
      graph.rows[row * k + place] = other;
      graph.distances[row * k + place] = chord(product);
    },
  );
}
