/** Keyword search, the baseline that a model has to beat. */
import { NearfoldError } from "../errors.ts";
import { TopK } from "../tensor/top-k.ts";
import { type Ranking, type TieOptions, tiePlaces } from "./ranking.ts";

export interface Bm25Options extends TieOptions {
  /** How soon a repeated word stops counting. @default 1.2 */
  readonly k1?: number;
  /** How much a long document is held back, 0 to 1. @default 0.75 */
  readonly b?: number;
  /** @default words */
  readonly tokenize?: (text: string) => readonly string[];
}

export interface Bm25 {
  /** The best `k` of the documents that share a word with the query. */
  search(query: string, k: number): Ranking;
}

/**
 * An index of documents (id → text) for Okapi BM25. A document's score is the sum over the query's words of
 * `idf · tf (k1 + 1) / (tf + k1 (1 - b + b · length / mean length))`, with `idf = ln(1 + (N - n + 0.5) / (n + 0.5))`:
 * Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the idf of Lucene's
 * BM25Similarity, which is never negative.
 * @throws bad-argument for no documents, a negative `k1` or a `b` outside `[0, 1]`.
 */
export function bm25(
  documents: Iterable<readonly [id: string, text: string]>,
  { k1 = 1.2, b = 0.75, tokenize = words, ties = "ascending" }: Bm25Options = {},
): Bm25 {
  const ids: string[] = [];
  const lengths: number[] = [];
  const counts = new Map<string, { rows: number[]; times: number[] }>();
  for (const [id, text] of documents) {
    const tokens = tokenize(text);
    addCounts(counts, tokens, ids.length);
    ids.push(id);
    lengths.push(tokens.length);
  }
  if (ids.length === 0 || !(k1 >= 0 && b >= 0 && b <= 1)) {
    throw new NearfoldError("bad-argument", "not a BM25 index", {
      got: `${ids.length} documents, k1 ${k1}, b ${b}`,
      wanted: "one document or more, k1 ≥ 0, 0 ≤ b ≤ 1",
    });
  }
  const meanLength =
    Math.max(
      1,
      lengths.reduce((sum, length) => sum + length, 0),
    ) / ids.length;
  const holdBack = lengths.map((length) => k1 * (1 - b + (b * length) / meanLength));
  const postings = new Map(
    counts.entries().map(([word, { rows, times }]) => {
      const idf = Math.log(1 + (ids.length - rows.length + 0.5) / (rows.length + 0.5));
      const weigh = (row: number, i: number) =>
        (idf * times[i] * (k1 + 1)) / (times[i] + holdBack[row]);
      return [word, { rows: Int32Array.from(rows), weights: Float64Array.from(rows, weigh) }];
    }),
  );
  const places = tiePlaces(ids, ties);
  return {
    search(query, k) {
      const scores = new Float64Array(ids.length);
      for (const word of tokenize(query)) {
        const { rows, weights } = postings.get(word) ?? NOWHERE;
        for (let i = 0; i < rows.length; i++) scores[rows[i]] += weights[i];
      }
      const best = new TopK(Math.min(k, ids.length), places);
      for (let row = 0; row < scores.length; row++)
        if (scores[row] > 0) best.push(scores[row], row);
      return best.sorted().map(({ row, score }) => ({ id: ids[row], score }));
    },
  };
}

const NOWHERE = { rows: new Int32Array(0), weights: new Float64Array(0) };

/**
 * The words of a text: split at a change of case (`readFileSync` → read file sync, `HTMLElement` → html element), at
 * digits and at whatever is neither letter nor digit; lower case.
 */
export function words(text: string): readonly string[] {
  return (text.match(WORD) ?? []).map((word) => word.toLowerCase());
}

const WORD = /[\p{Lu}\p{Lt}]+(?![\p{Ll}])|[\p{Lu}\p{Lt}]?[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|\p{N}+/gu;

function addCounts(
  counts: Map<string, { rows: number[]; times: number[] }>,
  tokens: readonly string[],
  row: number,
): void {
  for (const token of tokens) {
    let posting = counts.get(token);
    if (posting === undefined) {
      posting = { rows: [], times: [] };
      counts.set(token, posting);
    }
    if (posting.rows.at(-1) === row) posting.times[posting.times.length - 1]++;
    else {
      posting.rows.push(row);
      posting.times.push(1);
    }
  }
}
