/** Ranked lists. */

export interface Hit {
  readonly id: string;
  readonly score: number;
}

/** Hits of one query, best first. Measures read the order, not the scores. */
export type Ranking = readonly Hit[];

/** Query id → its ranking. */
export type Run = ReadonlyMap<string, Ranking>;

/**
 * Which of two equal scores comes first: the smaller document id ("ascending", sentence-transformers) or the larger
 * ("descending", trec_eval). Ids compare as strings by UTF-16 unit: "d10" before "d9".
 */
export type TieOrder = "ascending" | "descending";

export interface TieOptions {
  /** @default "ascending" */
  readonly ties?: TieOrder;
}

/** A new ranking of these hits: score descending, equal scores by id. */
export function sortHits(hits: Iterable<Hit>, { ties = "ascending" }: TieOptions = {}): Ranking {
  const sign = ties === "ascending" ? 1 : -1;
  return [...hits].sort((a, b) => b.score - a.score || sign * compareIds(a.id, b.id));
}

/** The place of each id among all of them in tie order: equal scores compare by a number, not by a string. */
export function tiePlaces(ids: readonly string[], ties: TieOrder): Int32Array {
  const sign = ties === "ascending" ? 1 : -1;
  const order = Int32Array.from(ids, (_, i) => i).sort((a, b) => sign * compareIds(ids[a], ids[b]));
  const places = new Int32Array(ids.length);
  order.forEach((row, place) => {
    places[row] = place;
  });
  return places;
}

function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
