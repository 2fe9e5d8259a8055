/** The nearest neighbours of each of many rows, nearly all of them, by a graph that usearch builds. */
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../errors.ts";

export interface NeighbourSearch {
  /** Of each row. */
  readonly k: number;
  /** How numbers are kept in the graph. @default "f32" */
  readonly numbers?: "f32" | "bf16";
  /** Candidates while a row is put in, and while its neighbours are looked for. */
  readonly candidates: { readonly add: number; readonly search: number };
  readonly signal?: AbortSignal | undefined;
  /** Rows that are in the graph, then those whose neighbours are found. */
  readonly onProgress?: ((stage: "indexing" | "neighbours", done: number) => void) | undefined;
}

/** Rows that native code has at once: a signal is heard between. */
const PART = 2048;

/** Edges of a node. */
const CONNECTIVITY = 16;

/**
 * Visits for each row of `vectors` `[N, dims]` up to `k` others, the nearest by the dot product first (Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical
 * Navigable Small World graphs", 2018). Never the row itself; fewer than `k` where the graph leads to no more.
 * @throws aborted
 */
export async function eachNeighbour(
  vectors: Float32Array,
  dims: number,
  { k, numbers = "f32", candidates, signal, onProgress }: NeighbourSearch,
  visit: (row: number, other: number, product: number, place: number) => void,
): Promise<void> {
  const count = vectors.length / dims;
  const { Index, MetricKind, ScalarKind } = await import("usearch");
  const index = new Index({
    ...{ dimensions: dims, metric: MetricKind.IP, multi: false, connectivity: CONNECTIVITY },
    quantization: numbers === "f32" ? ScalarKind.F32 : ScalarKind.BF16,
    ...{ expansion_add: candidates.add, expansion_search: candidates.search },
  });
  const each = async (
    stage: "indexing" | "neighbours",
    take: (part: Float32Array, start: number, rows: number) => void,
  ) => {
    for (let start = 0; start < count; start += PART) {
      throwIfAborted(signal, "looking for neighbours");
      const end = Math.min(count, start + PART);
      take(vectors.subarray(start * dims, end * dims), start, end - start);
      onProgress?.(stage, end);
      await setImmediate();
    }
  };
  await each("indexing", (part, start, rows) => {
    index.add(
      BigUint64Array.from({ length: rows }, (_, i) => BigInt(start + i)),
      part,
      0,
    );
  });
  // The row itself is among its neighbours.
  const asked = Math.min(k + 1, count);
  await each("neighbours", (part, start, rows) => {
    const { keys, distances } = index.search(part, asked, 0);
    for (let i = 0; i < rows; i++) {
      let place = 0;
      for (let j = i * asked; j < (i + 1) * asked && place < k; j++) {
        const other = Number(keys[j]);
        // Padding, where there are fewer, is no row.
        if (other >= count || other === start + i) continue;
        visit(start + i, other, 1 - distances[j], place++);
      }
    }
  });
}
