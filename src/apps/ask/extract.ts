/** An answer without a model that writes: the sentences that are nearest to the question, word for word. */
import type { Retrieved } from "./retrieved.ts";

/** How near texts are to a question, in their order: cosines of an embedding model. */
export type SimilarityTo = (
  question: string,
  texts: readonly string[],
  signal?: AbortSignal,
) => Promise<ArrayLike<number>>;

/** A sentence of a passage, as it stands there. */
export interface Quote {
  /** The passage's number, from 1. */
  readonly number: number;
  /** With white space as one space. */
  readonly text: string;
  /** UTF-16 units into the document's text, where the passage's are known. */
  readonly start?: number;
  readonly end?: number;
}

export interface ExtractOptions {
  /** @default 3 */
  readonly sentences?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sentences compared at most: the first of the passages, which are the best. */
const MOST = 256;
/** UTF-16 units of a sentence worth quoting: less is a heading, or an abbreviation's point cut off. */
const LEAST = 20;
const LONGEST = 1000;
/** How near a sentence must be, of the nearest one's cosine. */
const NEAR = 0.7;

/** The best sentences, the best first; each once. */
export async function extract(
  question: string,
  passages: readonly Retrieved[],
  similarityTo: SimilarityTo,
  { sentences = 3, signal }: ExtractOptions = {},
): Promise<readonly Quote[]> {
  const all = candidates(passages).slice(0, MOST);
  if (all.length === 0) return [];
  const scores = await similarityTo(
    question,
    all.map(({ text }) => text),
    signal,
  );
  const ranked = all
    .map((quote, i) => ({ quote, score: scores[i] }))
    .sort((a, b) => b.score - a.score);
  return ranked
    .slice(0, sentences)
    .filter(({ score }, i) => i === 0 || score >= NEAR * ranked[0].score)
    .map(({ quote }) => quote);
}

/** The sentences of passages, each once; short ones only where a passage has no other. */
function candidates(passages: readonly Retrieved[]): readonly Quote[] {
  const seen = new Set<string>();
  return passages.flatMap(({ text, start }, i) => {
    const found = quotesOf(text, i + 1, start);
    const long = found.filter((quote) => quote.text.length >= LEAST);
    return (long.length > 0 ? long : found).filter(({ text }) => {
      const key = text.toLowerCase();
      const isNew = !seen.has(key);
      seen.add(key);
      return isNew;
    });
  });
}

/** Sentences end at empty lines too: headings have no full stop. */
function quotesOf(text: string, number: number, base: number | undefined): readonly Quote[] {
  const quotes: Quote[] = [];
  let from = 0;
  for (const part of text.split(/(\n\s*\n)/)) {
    for (const { index, segment } of segmenter.segment(part)) {
      const shown = segment.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
      if (!/[\p{L}\p{N}]/u.test(shown) || /^#{1,6} /.test(shown)) continue;
      const at = from + index + segment.length - segment.trimStart().length;
      const place = { start: (base ?? 0) + at, end: (base ?? 0) + at + segment.trim().length };
      const cut = shown.length > LONGEST ? `${shown.slice(0, LONGEST).toWellFormed()}…` : shown;
      quotes.push({ number, text: cut, ...(base !== undefined && place) });
    }
    from += part.length;
  }
  return quotes;
}

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
