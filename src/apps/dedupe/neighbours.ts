/** Texts whose vectors are near each other: candidates by an approximate index, scored exactly. */
import { setImmediate } from "node:timers/promises";
import type { Index } from "usearch";
import { throwIfAborted } from "../../errors.ts";
import type { UnionFind } from "../union-find.ts";

export interface NeighbourOptions {
  /** Cosine from which two are the same. */
  readonly threshold: number;
  /** Neighbours that are looked at of each. */
  readonly neighbours: number;
  /** Whether two whose vectors are near may be the same thing. */
  readonly mayBeSame: (a: number, b: number) => boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((stage: "indexing" | "neighbours", done: number) => void) | undefined;
}

/** Rows that native code has at once: a signal is heard between. */
const PART = 2048;

/** Edges of a node and candidates while it is put in and looked up. */
const INDEX = { connectivity: 16, expansion_add: 64, expansion_search: 64 } as const;

/**
 * Joins rows of `vectors` `[N, dims]`, of unit length or 0, whose cosine reaches the threshold. An HNSW graph (Malkov and Yashunin 2018) of usearch finds candidates, in 16 bits; the
 * cosine that decides is of the vectors themselves.
 * @throws aborted
 */
export async function joinNeighbours(
  vectors: Float32Array,
  dims: number,
  groups: UnionFind,
  { threshold, neighbours, mayBeSame, signal, onProgress }: NeighbourOptions,
): Promise<void> {
  const count = vectors.length / dims;
  const index = await indexOf(vectors, dims, (done) => {
    throwIfAborted(signal, "indexing");
    onProgress?.("indexing", done);
  });
  // The row itself is among its neighbours.
  const k = Math.min(neighbours + 1, count);
  for (let start = 0; start < count; start += PART) {
    throwIfAborted(signal, "looking for neighbours");
    const end = Math.min(count, start + PART);
    const { keys } = index.search(vectors.subarray(start * dims, end * dims), k, 0);
    for (let i = 0; i < keys.length; i++) {
      const [a, b] = [start + Math.floor(i / k), Number(keys[i])];
      // Padding, where there are fewer, is no row.
      if (b >= count || b === a || groups.find(a) === groups.find(b)) continue;
      if (dot(vectors, a, b, dims) >= threshold && mayBeSame(a, b)) groups.union(a, b);
    }
    onProgress?.("neighbours", end);
    await setImmediate();
  }
}

async function indexOf(
  vectors: Float32Array,
  dims: number,
  onAdded: (done: number) => void,
): Promise<Index> {
  const count = vectors.length / dims;
  const { Index, MetricKind, ScalarKind } = await import("usearch");
  const index = new Index({
    dimensions: dims,
    metric: MetricKind.IP,
    quantization: ScalarKind.BF16,
    multi: false,
    ...INDEX,
  });
  for (let start = 0; start < count; start += PART) {
    const end = Math.min(count, start + PART);
    const keys = BigUint64Array.from({ length: end - start }, (_, i) => BigInt(start + i));
    index.add(keys, vectors.subarray(start * dims, end * dims), 0);
    onAdded(end);
    await setImmediate();
  }
  return index;
}

/** Of two rows. */
export function dot(vectors: Float32Array, a: number, b: number, dims: number): number {
  let sum = 0;
  for (let i = 0; i < dims; i++) sum += vectors[a * dims + i] * vectors[b * dims + i];
  return sum;
}
