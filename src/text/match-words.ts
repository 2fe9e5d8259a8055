/** More than any word in earnest. A pattern over a longer run could overflow the regular expression engine's stack. */
const WINDOW_CHARS = 1 << 20;

/**
 * All matches of a global pattern without lookbehind, like `text.match`, for texts of any length: a long text is read in
 * windows, each beginning with the last match of the one before. Only a match longer than 2^20 characters is cut.
 */
export function matchWords(text: string, pattern: RegExp): string[] {
  if (text.length <= WINDOW_CHARS) return text.match(pattern) ?? [];
  const words: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = charBorder(text, start + WINDOW_CHARS);
    const found = [...text.slice(start, end).matchAll(pattern)];
    // What touches the window's end may go on behind it.
    const open = end < text.length && found.length > 1 ? found.pop() : undefined;
    for (const [word] of found) words.push(word);
    start = open === undefined ? end : start + open.index;
  }
  return words;
}

/** The place, or the one before it where it would part a surrogate pair. */
export function charBorder(text: string, place: number): number {
  return place < text.length && (text.charCodeAt(place) & 0xfc00) === 0xdc00 ? place - 1 : place;
}
