/** Texts whose vectors are near each other: candidates by an approximate index, scored exactly. */
import { dotRows } from "../../tensor/rows.ts";
import { eachNeighbour, type NeighbourSearch } from "../each-neighbour.ts";
import type { UnionFind } from "../union-find.ts";

export interface NeighbourOptions extends Pick<NeighbourSearch, "signal" | "onProgress"> {
  /** Cosine from which two are the same. */
  readonly threshold: number;
  /** Neighbours that are looked at of each. */
  readonly neighbours: number;
  /** Whether two whose vectors are near may be the same thing. */
  readonly mayBeSame: (a: number, b: number) => boolean;
}

/** While a row is put into the graph and looked up. */
const CANDIDATES = { add: 64, search: 64 } as const;

/**
 * Joins rows of `vectors` `[N, dims]`, of unit length or 0, whose cosine reaches the threshold. An HNSW graph (Malkov and Yashunin 2018) of usearch finds candidates, in 16 bits; the
 * cosine that decides is of the vectors themselves.
 * @throws aborted
 */
export async function joinNeighbours(
  vectors: Float32Array,
  dims: number,
  groups: UnionFind,
  { threshold, neighbours, mayBeSame, ...rest }: NeighbourOptions,
): Promise<void> {
  const search = { k: neighbours, numbers: "bf16", candidates: CANDIDATES, ...rest } as const;
  await eachNeighbour(vectors, dims, search, (a, b) => {
    if (groups.find(a) === groups.find(b)) return;
    if (dotRows(vectors, a * dims, vectors, b * dims, dims) < threshold) return;
    if (mayBeSame(a, b)) groups.union(a, b);
  });
}
