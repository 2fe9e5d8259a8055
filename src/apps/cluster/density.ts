/** Groups where rows lie densely; what lies between them is noise. HDBSCAN over unit vectors. */
import { NearfoldError, throwIfAborted } from "../../errors.ts";
import { type Selected, selectGroups } from "./condensed-tree.ts";
import { neighbourGraph } from "./neighbour-graph.ts";
import { EXACT_TREE_ROWS, spanningTree } from "./spanning-tree.ts";
import { asUnitRows } from "./unit-rows.ts";

export interface DensityOptions {
  /** Rows of the smallest group. @default 5 */
  readonly minSize?: number;
  /** Rows within a row's core distance, itself among them: the more, the more is noise. @default as `minSize` */
  readonly minSamples?: number;
  readonly signal?: AbortSignal;
  /** Rows whose neighbours are found. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Neighbours in the graph that stands for all pairs of many rows. */
const GRAPH_NEIGHBOURS = 32;

/**
 * Groups of any number and shape (Campello, Moulavi and Sander 2013), by the straight distance of unit vectors, which orders pairs as the cosine does. Exact up to 6,000 rows; of more
 * by the 32 nearest neighbours of each.
 * @throws bad-argument; not-finite; aborted
 */
export async function densityGroups(
  vectors: Float32Array,
  dims: number,
  { minSize = 5, minSamples = minSize, signal, onProgress }: DensityOptions = {},
): Promise<Selected> {
  const rows = asUnitRows(vectors, dims);
  const count = rows.length / dims;
  if (!(minSize >= 2 && minSamples >= 1)) {
    throw new NearfoldError("bad-argument", "not sizes of groups", {
      got: `at least ${minSize} rows, ${minSamples} samples`,
      wanted: "at least 2 rows, at least 1 sample",
    });
  }
  if (count < Math.max(minSize, minSamples)) {
    return { labels: new Int32Array(count).fill(-1), strengths: new Float32Array(count) };
  }
  const wanted =
    count <= EXACT_TREE_ROWS ? minSamples - 1 : Math.max(minSamples - 1, GRAPH_NEIGHBOURS);
  const graph = await neighbourGraph(rows, dims, wanted, { signal, onProgress });
  const core = Float64Array.from({ length: count }, (_, row) =>
    minSamples === 1 ? 0 : graph.distances[row * graph.k + minSamples - 2],
  );
  throwIfAborted(signal, "clustering");
  return selectGroups(await spanningTree(rows, dims, core, graph), count, minSize);
}
