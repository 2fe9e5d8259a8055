/** How long a text is for a model. */
import type { Tokenizer } from "../text/index.ts";

export type CountTokens = (text: string) => number;

/** Tokens as a model's tokenizer cuts them, without the special ones around a text. */
export function tokenCounter(tokenizer: Tokenizer): CountTokens {
  return (text) => tokenizer.encode(text, { addSpecialTokens: false }).ids.length;
}

/**
 * Tokens where no tokenizer is at hand: one for each six letters of a word begun, one for any other character that is not white space. English in WordPiece has fewer,
 * most other writing about as many.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const { 0: part } of text.matchAll(/[A-Za-z0-9]+|[^\sA-Za-z0-9]/gu)) {
    tokens += Math.ceil(part.length / 6);
  }
  return tokens;
}
