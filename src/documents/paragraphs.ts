/** Stretches of a text between empty lines. */

/** In order, without the white space around them; none is empty. Linear in the text, whatever is in it. */
export function* paragraphs(
  text: string,
  from = 0,
  to: number = text.length,
): Generator<{ readonly start: number; readonly end: number }> {
  let start = -1;
  let end = from;
  for (let line = from; line < to; ) {
    const next = text.indexOf("\n", line);
    const after = next < 0 || next >= to ? to : next + 1;
    const [first, last] = trimmed(text, line, after);
    if (first === last) {
      if (start >= 0) yield { start, end };
      start = -1;
    } else {
      if (start < 0) start = first;
      end = last;
    }
    line = after;
  }
  if (start >= 0) yield { start, end };
}

/** The same stretch without white space at its ends. */
export function trimmed(
  text: string,
  start: number,
  end: number,
): readonly [start: number, end: number] {
  let [first, last] = [start, end];
  while (first < last && isSpace(text.charCodeAt(first))) first++;
  while (last > first && isSpace(text.charCodeAt(last - 1))) last--;
  return [first, last];
}

/** What `trim` takes away. */
function isSpace(unit: number): boolean {
  if (unit <= 32) return unit === 32 || (unit >= 9 && unit <= 13);
  if (unit < 160) return false;
  return unit === 160 || SPACES.has(unit) || (unit >= 0x2000 && unit <= 0x200a);
}

const SPACES = new Set([0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff]);
