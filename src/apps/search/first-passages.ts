/** Passages by the documents that they are of. */
import type { StoreHit } from "../../stores/index.ts";

/** Passages of one document that a page may hold before a search goes deeper. */
export const REACH = 4;
/** Hits that are looked through at most. */
const MOST = 10_000;

/** What a hit's passage is of: its `source`, or else its id. */
function documentOf({ id, payload }: StoreHit): string {
  return typeof payload?.source === "string" ? payload.source : id;
}

/** Hits with their documents; of each the first alone, where they are to be distinct. */
function byDocument<Hit extends StoreHit>(
  hits: readonly Hit[],
  { distinct = true }: { readonly distinct?: boolean } = {},
): readonly (Hit & { readonly document: string })[] {
  const found = hits.map((hit) => ({ ...hit, document: documentOf(hit) }));
  const seen = new Set<string>();
  return found.filter(({ document }) => {
    if (distinct && seen.has(document)) return false;
    seen.add(document);
    return true;
  });
}

/**
 * The first `wanted` of what a search finds, by document: it looks deeper until there are as many, or nothing is left.
 * @param search the first hits, as many as it is asked for where there are
 */
export async function firstPassages<Hit extends StoreHit>(
  search: (reach: number) => Promise<readonly Hit[]>,
  wanted: number,
  { distinct = true }: { readonly distinct?: boolean } = {},
): Promise<readonly (Hit & { readonly document: string })[]> {
  for (let reach = distinct ? REACH * wanted : wanted; ; reach *= REACH) {
    const hits = await search(Math.min(reach, MOST));
    const kept = byDocument(hits, { distinct });
    if (kept.length >= wanted || hits.length < reach || reach >= MOST) return kept.slice(0, wanted);
  }
}
