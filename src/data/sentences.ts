/** The sentences of a text. */

/** Shorter ones, in UTF-16 units, say little: headings, initials, what a point cut off. */
const LEAST = 20;

/**
 * So many of a text's sentences as `most`, evenly spaced from the first, which is often a title; none of a text that is one sentence. Where
 * sentences end is by Unicode (UAX #29), as ICU has it for English.
 */
export function someSentences(text: string, most: number): readonly string[] {
  const all = [...segmenter.segment(text)]
    .map(({ segment }) => segment.trim())
    .filter(({ length }) => length >= LEAST);
  if (all.length < 2) return [];
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]);
}

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
