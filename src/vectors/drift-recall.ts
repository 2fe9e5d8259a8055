/** What a map between two spaces finds, on texts that it was not fitted on. */
import type { Space } from "../space.ts";
import { unitRows } from "../tensor/rows.ts";
import { applyDriftMap, type DriftMap } from "./drift-map.ts";
import { meanOverlap } from "./recall.ts";
import { calibrateScheme, keepVectors, searchKept } from "./search.ts";

/** Queries and documents of one space. */
export interface SearchedVectors {
  readonly space: Pick<Space, "dims" | "similarity">;
  /** `[Q, D]`. */
  readonly queries: Float32Array;
  /** `[N, D]`. */
  readonly documents: Float32Array;
}

/** Shares of the ten first that two searches have in common, means over the queries. */
export interface DriftRecall {
  /** Of what the asking model finds among its own vectors of the documents: recall@10 of embedding all of them again. */
  readonly recall: number;
  /** Of what the index's own model finds there. */
  readonly agreement: number;
  /** The same as `recall` by the index's own model: what the old vectors give without any map. */
  readonly own: number;
}

const K = 10;

/**
 * Measures maps, each on the same queries and documents, which both models embedded.
 * @param asking the vectors of the model that asks; `asked` those of the index's own model
 */
export function driftRecalls(
  maps: readonly DriftMap[],
  { asking, asked }: { readonly asking: SearchedVectors; readonly asked: SearchedVectors },
): readonly DriftRecall[] {
  const search = searcher(asked);
  const wanted = searcher(asking)(asking.queries);
  const theirs = search(asked.queries);
  const own = meanOverlap(wanted, theirs);
  return maps.map((map) => {
    const found = search(applyDriftMap(map, asking.queries));
    return { recall: meanOverlap(wanted, found), agreement: meanOverlap(theirs, found), own };
  });
}

function searcher({ space: { dims, similarity }, documents }: SearchedVectors) {
  const ready = (rows: Float32Array) =>
    similarity === "cosine" ? unitRows(rows.slice(), dims) : rows;
  const scheme = { search: { type: "float32", dims } } as const;
  const calibrated = calibrateScheme(scheme, new Float32Array(0), { similarity, width: dims });
  const kept = keepVectors(calibrated, ready(documents), dims);
  return (queries: Float32Array) =>
    searchKept(ready(queries), kept, { k: K, width: dims }).map((hits) =>
      hits.map(({ row }) => row),
    );
}
