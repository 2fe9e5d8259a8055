import type { Encoder } from "../../encoder/index.ts";
import { NearfoldError } from "../../errors.ts";
import {
  type HybridHit,
  type HybridOptions,
  searchHybrid,
  type VectorStore,
} from "../../stores/index.ts";
import { firstPassages } from "./first-passages.ts";

/** How a query is looked for: by its vector and its words, or by one of them. */
export const searchModes = ["hybrid", "vector", "keyword"] as const;
export type SearchMode = (typeof searchModes)[number];

export interface FoundOptions extends HybridOptions {
  /** @default "hybrid" */
  readonly mode?: SearchMode | undefined;
  /** Only the best passage of each document. @default true */
  readonly distinct?: boolean | undefined;
}

/** A hit with where its text stands. */
export interface Found extends HybridHit {
  /** What the passage is of: its `source`, or else its id. */
  readonly document: string;
}

/**
 * The `k` best passages for a query, each document once.
 * @param encoder whose queries the store takes, as `requireQuerySpace` says
 * @throws bad-argument for an empty query, and as the searches
 */
export async function findPassages(
  store: VectorStore,
  encoder: Encoder,
  query: string,
  k: number,
  { mode = "hybrid", distinct = true, offset = 0, ...options }: FoundOptions = {},
): Promise<readonly Found[]> {
  if (query.trim() === "") throw new NearfoldError("bad-argument", "the query is empty");
  const { dims } = store.space;
  const { signal } = options;
  const vector =
    mode === "keyword"
      ? new Float32Array(0)
      : (await encoder.encode([query], { role: "query", dims, ...(signal && { signal }) })).vectors;
  const search = searchers[mode];
  const wanted = offset + k;
  const asked = { text: query, vector };
  const reach = (hits: number) => search(store, asked, hits, options);
  return (await firstPassages(reach, wanted, { distinct })).slice(offset);
}

type Searcher = (
  store: VectorStore,
  query: { readonly text: string; readonly vector: Float32Array },
  k: number,
  options: HybridOptions,
) => Promise<readonly HybridHit[]>;

const searchers: Readonly<Record<SearchMode, Searcher>> = {
  hybrid: searchHybrid,
  vector: async (store, { vector }, k, options) =>
    (await store.search(vector, k, options))[0] ?? [],
  keyword: (store, { text }, k, options) => store.searchText(text, k, options),
};
