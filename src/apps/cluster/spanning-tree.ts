/** The shortest tree over rows by mutual reachability: `max(core(a), core(b), distance(a, b))` (Campello, Moulavi and Sander 2013, definition 5). */
import { UnionFind } from "../union-find.ts";
import { chord, type NeighbourGraph } from "./neighbour-graph.ts";
import { openProducts } from "./products.ts";

export interface Edge {
  readonly a: number;
  readonly b: number;
  readonly distance: number;
}

/** Up to so many rows the tree is exact; of more it is that of the graph of nearest neighbours. */
export const EXACT_TREE_ROWS = 6000;

/**
 * N - 1 edges, shortest first. Of more than `EXACT_TREE_ROWS` rows only near neighbours are joined, and parts of the graph that no edge joins by edges without end: they are groups apart
 * whatever lies between them.
 * @param core of each row: the distance within which it has as many neighbours as are asked for
 */
export async function spanningTree(
  rows: Float32Array,
  dims: number,
  core: Float64Array,
  graph: NeighbourGraph,
): Promise<readonly Edge[]> {
  const isExact = core.length <= EXACT_TREE_ROWS;
  const edges = isExact ? prim(await allCosines(rows, dims), core) : kruskal(core, graph);
  return edges.sort((x, y) => x.distance - y.distance || x.a - y.a || x.b - y.b);
}

/** `[N, N]`: 144 MB at most. */
async function allCosines(rows: Float32Array, dims: number): Promise<Float32Array> {
  const count = rows.length / dims;
  const cosines = new Float32Array(count * count);
  await using products = await openProducts(dims);
  await products.each(rows, rows, (block, first) => cosines.set(block, first * count));
  return cosines;
}

/** Prim's algorithm over all pairs: the tree grows by the row that is nearest to it. */
function prim(cosines: Float32Array, core: Float64Array): Edge[] {
  const count = core.length;
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const from = new Int32Array(count).fill(-1);
  const isIn = new Uint8Array(count);
  const edges: Edge[] = [];
  let added = 0;
  isIn[0] = 1;
  while (edges.length < count - 1) {
    let next = -1;
    for (let row = 0; row < count; row++) {
      if (isIn[row]) continue;
      const straight = chord(cosines[added * count + row]);
      const distance = Math.max(core[added], core[row], straight);
      if (distance < nearest[row]) [nearest[row], from[row]] = [distance, added];
      if (next < 0 || nearest[row] < nearest[next]) next = row;
    }
    isIn[next] = 1;
    edges.push({ a: from[next], b: next, distance: nearest[next] });
    added = next;
  }
  return edges;
}

/** Kruskal's algorithm over the edges of the graph, shortest first. */
function kruskal(core: Float64Array, { k, rows, distances }: NeighbourGraph): Edge[] {
  const count = core.length;
  const from = (i: number) => Math.floor(i / k);
  const lengths = distances.map((distance, i) => Math.max(core[from(i)], core[rows[i]], distance));
  const order = Int32Array.from(rows.keys()).sort((x, y) => lengths[x] - lengths[y] || x - y);
  const parts = new UnionFind(count);
  const edges: Edge[] = [];
  for (const i of order) {
    const [a, b] = [from(i), rows[i]];
    if (parts.union(a, b)) edges.push({ a, b, distance: lengths[i] });
  }
  for (let row = 1; row < count; row++) {
    if (parts.union(0, row)) edges.push({ a: 0, b: row, distance: Number.POSITIVE_INFINITY });
  }
  return edges;
}
