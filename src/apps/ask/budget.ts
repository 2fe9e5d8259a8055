/** Which passages a model gets to read. */
import type { CountTokens } from "../../documents/index.ts";
import type { Retrieved } from "./retrieved.ts";

export interface Assembled {
  /** In their order; the last may be the beginning of one that was too long. */
  readonly used: readonly Retrieved[];
  /** How many did not fit. */
  readonly leftOut: number;
}

/** The first of them that fit the budget together. If not even the first does, its beginning does. */
export function assemble(
  passages: readonly Retrieved[],
  budget: number,
  count: CountTokens,
): Assembled {
  const used: Retrieved[] = [];
  let room = budget;
  for (const passage of passages) {
    const tokens = count(passage.text);
    if (tokens > room) break;
    used.push(passage);
    room -= tokens;
  }
  if (used.length === 0 && passages.length > 0) {
    const text = beginning(passages[0].text, budget, count);
    if (text !== "") used.push({ ...passages[0], text });
  }
  return { used, leftOut: passages.length - used.length };
}

/** As many UTF-16 units as fit, cut before a word where there is one. */
function beginning(text: string, budget: number, count: CountTokens): string {
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (count(text.slice(0, middle)) <= budget) low = middle;
    else high = middle - 1;
  }
  const kept = text.slice(0, low);
  const inWord = low < text.length && /\S/.test(text[low]);
  const space = kept.search(/\s\S*$/);
  return (inWord && space > 0 ? kept.slice(0, space) : kept).trim().toWellFormed();
}
