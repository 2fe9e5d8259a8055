/** Keyword and vector search as one. */
import { NearfoldError } from "../errors.ts";
import { byScore } from "./order.ts";
import type { SearchOptions, StoreHit, VectorStore } from "./store.ts";

export interface HybridWeights {
  /** @default 1 */
  readonly vector?: number | undefined;
  /** @default 1 */
  readonly text?: number | undefined;
}

export interface HybridOptions extends SearchOptions {
  /** What each of the two rankings counts. */
  readonly weights?: HybridWeights | undefined;
  /** How soon a lower place stops counting. @default 60 */
  readonly constant?: number | undefined;
  /** Hits that each ranking gives at least. @default 100 */
  readonly depth?: number | undefined;
}

/** A hit of both rankings; its score is the fused one. */
export interface HybridHit extends StoreHit {
  /** Its place among the vectors' hits, from 1. */
  readonly vectorRank?: number;
  /** Its place among the keywords' hits, from 1. */
  readonly textRank?: number;
}

/** A query in both forms: its words, and its vector `[D]`. */
export interface HybridQuery {
  readonly text: string;
  readonly vector: Float32Array;
}

/**
 * The `k` best by reciprocal-rank fusion: a row's score is the sum over both rankings of `weight / (constant + rank)`. Source: Cormack, Clarke,
 * Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods" (SIGIR 2009).
 * @throws bad-argument as the searches; for a weight that is negative, or two of 0
 */
export async function searchHybrid(
  store: VectorStore,
  { text, vector }: HybridQuery,
  k: number,
  { weights, constant = 60, depth = 100, offset = 0, filter, signal }: HybridOptions = {},
): Promise<readonly HybridHit[]> {
  const { vector: byVector = 1, text: byText = 1 } = weights ?? {};
  checkWeights(byVector, byText);
  const wanted = Math.max(depth, offset + k);
  const [[near = []], worded] = await Promise.all([
    byVector > 0 ? store.search(vector, wanted, { filter, signal }) : [[]],
    byText > 0 ? store.searchText(text, wanted, { filter, signal }) : [],
  ]);
  const fused = fuseRanks(near, worded, { constant, byVector, byText });
  return fused.slice(offset, offset + k);
}

/** Both lists as one, best first; of equal scores the lower id first. */
function fuseRanks(
  near: readonly StoreHit[],
  worded: readonly StoreHit[],
  { constant, byVector, byText }: Readonly<Record<"constant" | "byVector" | "byText", number>>,
): readonly HybridHit[] {
  const hits = new Map<string, HybridHit>();
  near.forEach((hit, i) => {
    hits.set(hit.id, { ...hit, score: byVector / (constant + i + 1), vectorRank: i + 1 });
  });
  worded.forEach((hit, i) => {
    const found = hits.get(hit.id);
    const score = (found?.score ?? 0) + byText / (constant + i + 1);
    hits.set(hit.id, { ...hit, ...found, score, textRank: i + 1 });
  });
  return [...hits.values()].sort(byScore);
}

function checkWeights(vector: number, text: number): void {
  if (vector >= 0 && text >= 0 && Number.isFinite(vector + text) && vector + text > 0) return;
  throw new NearfoldError("bad-argument", "not the weights of a hybrid search", {
    got: `${vector} for vectors, ${text} for keywords`,
    wanted: "numbers from 0, not both 0",
  });
}
