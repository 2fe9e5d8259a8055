/** TF-IDF cosine: what is tried first where two records may be the same thing. */
import { words } from "../src/evaluate/index.ts";

/** How a text becomes terms. */
export const analyzers = {
  words,
  /** Character 3- to 5-grams within words, with a space at both ends, as scikit-learn's `char_wb`. */
  characters: (text: string) => words(text).flatMap((word) => gramsOf(` ${word} `)),
  both: (text: string) => {
    const found = words(text);
    return [...found, ...found.flatMap((word) => gramsOf(` ${word} `))];
  },
} as const satisfies Record<string, (text: string) => readonly string[]>;

export type AnalyzerName = keyof typeof analyzers;

/** A text's terms and their weights, of unit length. */
type Bag = ReadonlyMap<string, number>;

/**
 * Bags of texts: `(1 + ln tf) · (1 + ln((1 + N) / (1 + df)))`, of unit length: scikit-learn's TfidfVectorizer with `sublinear_tf`.
 * @param texts all records, each once
 */
export function tfIdf(texts: readonly string[], analyzer: AnalyzerName): (text: string) => Bag {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const term of new Set(analyzers[analyzer](text))) {
      counts.set(term, (counts.get(term) ?? 0) + 1);
    }
  }
  const idf = (term: string) => 1 + Math.log((1 + texts.length) / (1 + (counts.get(term) ?? 0)));
  return (text) => {
    const times = new Map<string, number>();
    for (const term of analyzers[analyzer](text)) times.set(term, (times.get(term) ?? 0) + 1);
    const raw = [...times].map(([term, tf]) => [term, (1 + Math.log(tf)) * idf(term)] as const);
    const length = Math.sqrt(raw.reduce((sum, [, weight]) => sum + weight * weight, 0)) || 1;
    return new Map(raw.map(([term, weight]) => [term, weight / length]));
  };
}

export function bagCosine(a: Bag, b: Bag): number {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  let sum = 0;
  for (const [term, weight] of few) sum += weight * (many.get(term) ?? 0);
  return sum;
}

function gramsOf(word: string): string[] {
  const grams: string[] = [];
  for (const size of [3, 4, 5]) {
    if (word.length <= size) return [...grams, word];
    for (let at = 0; at + size <= word.length; at++) grams.push(word.slice(at, at + size));
  }
  return grams;
}
