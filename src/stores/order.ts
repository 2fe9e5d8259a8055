/** The one order of ids and other texts, and of hits. */

/** By code point, as databases compare UTF-8 byte by byte; `<` of JavaScript puts what lies above U+FFFF before U+E000. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    // Surrogates stand for what is above all others.
    const above = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? 1 : 0);
    return above(x) - above(y) || x - y;
  }
  return a.length - b.length;
}

/** Best first; of equal scores the lower id. */
export function byScore(
  a: { readonly id: string; readonly score: number },
  b: { readonly id: string; readonly score: number },
): number {
  return b.score - a.score || compareText(a.id, b.id);
}
