/** The nearest neighbours of each row. */
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../../errors.ts";
import { TopK } from "../../tensor/top-k.ts";
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
/** Rows that native code has at once. */
const PART = 2048;

/** @param rows `[N, dims]` of unit length. @throws aborted */
export async function neighbourGraph(
  rows: Float32Array,
  dims: number,
  wanted: number,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<NeighbourGraph> {
  const count = rows.length / dims;
  const k = Math.min(wanted, count - 1);
  const graph = { k, rows: new Int32Array(count * k), distances: new Float64Array(count * k) };
  if (k === 0) return graph;
  if (count <= EXACT_ROWS) await fillExactly(graph, rows, dims, signal);
  else await fillByIndex(graph, rows, dims, signal);
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
  signal: AbortSignal | undefined,
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
  });
}

/** By an HNSW graph (Malkov and Yashunin 2018): a few neighbours in a hundred are not found. */
async function fillByIndex(
  graph: NeighbourGraph,
  rows: Float32Array,
  dims: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { k } = graph;
  const count = rows.length / dims;
  const { Index, MetricKind, ScalarKind } = await import("usearch");
  const index = new Index({
    dimensions: dims,
    metric: MetricKind.IP,
    quantization: ScalarKind.F32,
    multi: false,
    ...{ connectivity: 16, expansion_add: 96, expansion_search: Math.max(64, 2 * k) },
  });
  const each = async (take: (start: number, part: Float32Array) => void) => {
    for (let start = 0; start < count; start += PART) {
      throwIfAborted(signal, "looking for neighbours");
      take(start, rows.subarray(start * dims, Math.min(count, start + PART) * dims));
      await setImmediate();
    }
  };
  await each((start, part) => {
    const keys = BigUint64Array.from({ length: part.length / dims }, (_, i) => BigInt(start + i));
    index.add(keys, part, 0);
  });
  await each((start, part) => {
    const { keys, distances } = index.search(part, k + 1, 0);
    for (let i = 0; i < part.length / dims; i++) {
      const row = start + i;
      let place = 0;
      for (let j = i * (k + 1); j < (i + 1) * (k + 1) && place < k; j++) {
        if (Number(keys[j]) === row) continue;
        graph.rows[row * k + place] = Number(keys[j]);
        graph.distances[row * k + place++] = chord(1 - distances[j]);
      }
    }
  });
}
