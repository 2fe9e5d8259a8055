/** Words to ids: the model of `tokenizer.json`, asked once for each word. */
import { NearfoldError } from "../errors.ts";
import type { LibraryModel } from "./library.ts";
import { charBorder, matchWords } from "./match-words.ts";
import { MARK } from "./safe-prefix.ts";

const MAX_CACHED_WORDS = 1 << 16;
const MAX_CACHED_CHARS = 48;
/** Merging and Viterbi hold an object per character, so a longer run without a border is cut here. */
const MAX_WORD_CHARS = 1 << 16;

/**
 * Ids of one pre-token; of a long one perhaps only the first ones, more than `limit`.
 * The array is shared: not to be changed.
 */
export type WordEncoder = (word: string, limit: number) => readonly number[];

/** Whether every token with a ▁ has it at its head only: then no token reaches from one word into the next. */
export function marksBeginTokens(tokens: ReadonlyMap<string, number>): boolean {
  if (!tokens.has(MARK)) return false;
  for (const token of tokens.keys()) {
    const last = token.lastIndexOf(MARK);
    if (last > 0 && token[last - 1] !== MARK) return false;
  }
  return true;
}

/**
 * Encodes words with a bounded cache; exact, as a model sees each pre-token by itself. Pre-tokens of whole texts
 * (`atMarks`) are encoded word by word, which is the same where `marksBeginTokens`. Only a run of more than 65,536 characters
 * without a border may differ from the reference, at the places where it is cut.
 */
export function createWordEncoder(model: LibraryModel, atMarks: boolean, at: string): WordEncoder {
  const encode = cache((word) => model([word]).map((token) => idOf(token, model, at)));
  // For WordPiece a long word is one unknown token, whatever it holds.
  if (model.config.type === "WordPiece") return encode;
  const words = atMarks ? /▁*[^▁]+|▁+/g : undefined;
  return (text, limit) => {
    if (text.length <= MAX_WORD_CHARS && words === undefined) return encode(text);
    const ids: number[] = [];
    for (const word of words === undefined ? [text] : matchWords(text, words)) {
      for (const piece of pieces(word)) {
        for (const id of encode(piece)) ids.push(id);
        if (ids.length > limit) return ids;
      }
    }
    return ids;
  };
}

function idOf(token: string, model: LibraryModel, at: string): number {
  const id = model.tokens_to_ids.get(token) ?? model.unk_token_id;
  if (id !== undefined && id !== null) return id;
  throw new NearfoldError("bad-input", "no token stands for a part of the text", {
    at,
    got: JSON.stringify(token),
    wanted: "a vocabulary with an unknown token, or with all characters",
  });
}

function cache(encode: (word: string) => readonly number[]): (word: string) => readonly number[] {
  const known = new Map<string, readonly number[]>();
  return (word) => {
    const hit = known.get(word);
    if (hit !== undefined) return hit;
    const ids = encode(word);
    if (word.length <= MAX_CACHED_CHARS) {
      if (known.size >= MAX_CACHED_WORDS) known.clear();
      known.set(word, ids);
    }
    return ids;
  };
}

function* pieces(word: string): Generator<string> {
  for (let start = 0; start < word.length; ) {
    const end = charBorder(word, start + MAX_WORD_CHARS);
    yield word.slice(start, end);
    start = end;
  }
}
