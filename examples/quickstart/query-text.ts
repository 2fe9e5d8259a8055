/** From a doc comment to a query: prose without markup, and without the name of what it describes. */

/** What a description says in prose: no code blocks, addresses, references or markup; white space as single spaces. */
export function cleanDescription(comment: string): string {
  return comment
    .replace(/^( *)(```|~~~).*?^ *\2 *$/gmsu, " ")
    .replace(/(```|~~~).*$/su, " ")
    .replace(/\[MDN Reference\]\((?:[^()]|\([^()]*\))*\)/gu, " ")
    .replace(/!?\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)/gu, "$1")
    .replace(/\b[a-z]+:\/\/[^\s)>\]]+/giu, " ")
    .replace(
      /<\/?(?:a|b|br|code|div|em|i|li|ol|p|pre|span|strong|table|t[dhr]|ul)\b[^<>]*>/giu,
      " ",
    )
    .replace(/[`*]+/gu, "")
    .replace(/\s+/gu, " ")
    .trim();
}

/** The words of a text or of an identifier, split at case, digits and punctuation, in lower case. */
export function splitWords(text: string): readonly string[] {
  return text.match(WORD)?.map((word) => word.toLowerCase()) ?? [];
}

/**
 * The text with `…` for a name, however it is spelled (`addEventListener`, `add event listener`, `AddEventListeners()`, inside
 * longer identifiers), and for each word of it (`events`): runs of words that spell one of them when written together, up to
 * a plural's s. No word of the text is then a word of the name.
 */
export function maskName(text: string, name: string): string {
  const parts = splitWords(name);
  const wanted = new Set([parts.join(""), ...parts].map(singular));
  const longest = parts.join("").length;
  const words = [...text.matchAll(WORD)];
  let masked = "";
  let kept = 0;
  for (let i = 0; i < words.length; i++) {
    const last = endOfRun(words, i, wanted, longest);
    if (last === undefined) continue;
    masked += `${text.slice(kept, words[i].index)}…`;
    kept = words[last].index + words[last][0].length;
    i = last;
  }
  return (masked + text.slice(kept)).replaceAll("…()", "…");
}

/** The last word of the longest run from `first` that spells one of the names; undefined where none does. */
function endOfRun(
  words: readonly RegExpExecArray[],
  first: number,
  names: ReadonlySet<string>,
  longest: number,
): number | undefined {
  let spelled = "";
  let last: number | undefined;
  for (let i = first; i < words.length && spelled.length <= longest; i++) {
    spelled += words[i][0].toLowerCase();
    if (names.has(singular(spelled))) last = i;
  }
  return last;
}

const singular = (word: string): string => (word.length > 3 ? word.replace(/s$/u, "") : word);

const WORD = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{L}+|\p{N}+/gu;
