/** The numbers in brackets that an answer rests on. */

/** "[1]", "[1, 2]", "[2-4]". */
const CITATION = /\s{0,8}\[\s?\d{1,6}(?:\s?[,;–-]\s?\d{1,6}){0,40}\s?\]/g;
/** What may become one. */
const BEGUN = /\s{0,8}(?:\[[\d\s,;–-]{0,400})?$/;

/** Takes the citations of what does not exist out of an answer while it comes. */
export class CitationFilter {
  readonly #known: number;
  #held = "";
  readonly used = new Set<number>();
  readonly unknown = new Set<number>();

  /** @param known how many passages there are, numbered from 1 */
  constructor(known: number) {
    this.#known = known;
  }

  /** What may be shown of the answer so far. */
  push(text: string): string {
    const all = this.#held + text;
    const begun = all.search(BEGUN);
    this.#held = all.slice(begun);
    return this.#check(all.slice(0, begun));
  }

  /** The rest, once the answer is complete. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return this.#check(rest);
  }

  #check(text: string): string {
    return text.replaceAll(CITATION, (found) => {
      const numbers = numbersOf(found);
      const kept = numbers.filter((n) => n >= 1 && n <= this.#known);
      for (const n of numbers) (kept.includes(n) ? this.used : this.unknown).add(n);
      const space = /^\s*/.exec(found)![0];
      return kept.length === 0 ? "" : `${space}[${kept.join(", ")}]`;
    });
  }
}

/** Ranges are spelt out, up to twenty numbers. */
function numbersOf(citation: string): readonly number[] {
  const found: number[] = [];
  for (const { groups } of citation.matchAll(/(?<from>\d+)(?:\s?[–-]\s?(?<to>\d+))?/g)) {
    const { from, to = from } = groups as Record<"from" | "to", string>;
    const [first, last] = [Number(from), Number(to)];
    if (last < first || last - first >= 20) found.push(...new Set([first, last]));
    else for (let n = first; n <= last; n++) found.push(n);
  }
  return [...new Set(found)];
}

/** The sentences of an answer that cite nothing. A citation may stand after the full stop. */
export function uncitedSentences(answer: string): readonly string[] {
  const sentences: string[] = [];
  for (const { segment } of segmenter.segment(answer)) {
    const [leading] = /^(?:\s*\[\d+(?:, \d+)*\])*/.exec(segment)!;
    if (sentences.length > 0) sentences[sentences.length - 1] += leading;
    const rest = sentences.length > 0 ? segment.slice(leading.length) : segment;
    if (/[\p{L}\p{N}]/u.test(rest)) sentences.push(rest);
  }
  return sentences.filter((sentence) => !/\[\d+(?:, \d+)*\]/.test(sentence)).map((s) => s.trim());
}

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
