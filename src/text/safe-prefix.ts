/**
 * How much of a long text must be read to know its first tokens. The rule is exact, not a guess: a text is cut only before a
 * single space between two letters (of Latin, Greek or Cyrillic), and only for tokenizers whose every part treats such a place as a border. Then the tokens of the
 * prefix are a prefix of the text's tokens.
 */
import { isObject, type Json, type TokenizerFile } from "./tokenizer-file.ts";

/** A language model's tokens hold 4 to 5 characters of prose; more is read where that was not enough. */
const CHARS_PER_TOKEN = 8;
const MIN_CHARS = 256;

const BORDER = /[A-Za-zÀ-ÖØ-öø-ɏΑ-Ωα-ωА-я](?= [A-Za-zÀ-ÖØ-öø-ɏΑ-Ωα-ωА-я])/g;

/**
 * The end of a prefix of at least `tokens` tokens' usual length, at a border; the text's end where there is none.
 */
export function prefixEnd(text: string, tokens: number): number {
  const wanted = MIN_CHARS + tokens * CHARS_PER_TOKEN;
  if (wanted >= text.length) return text.length;
  BORDER.lastIndex = wanted;
  return BORDER.test(text) ? BORDER.lastIndex : text.length;
}

/** Case, digit and letter borders inside an identifier, as zero-width matches (see train-wordpiece.ts). */
export const IDENTIFIER_BORDERS =
  "(?<=\\p{Ll})(?=\\p{Lu})|(?<=\\p{Lu})(?=\\p{Lu}\\p{Ll})|(?<=\\p{L})(?=\\p{Nd})|(?<=\\p{Nd})(?=\\p{L})";

/** One mark of punctuation, as BERT has it: Unicode's, and what else ASCII has (see train-wordpiece.ts). */
export const PUNCTUATION_MARK = "[\\p{P}\\x21-\\x2F\\x3A-\\x40\\x5B-\\x60\\x7B-\\x7E]";

/** SentencePiece's spelling of a space. */
export const MARK = "▁";

const NORMALIZERS = new Set(
  "BertNormalizer Lowercase NFC NFD NFKC NFKD StripAccents Strip Prepend Precompiled".split(" "),
);
const PRE_TOKENIZERS = new Set("BertPreTokenizer Whitespace WhitespaceSplit".split(" "));

/** The splits of Llama 3, Qwen 2 and their kin: none has a match with a letter before a space. */
const SPLITS = new Set(
  ["{1,3}", ""].map(
    (digits) =>
      `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  ),
);

/** What a part makes of a space between two letters: a border, a ▁, nothing of note, or something unknown. */
type Effect = "border" | "mark" | "none" | "unknown";

/**
 * Whether a space between two letters is a border for all parts of this tokenizer.
 * `marksBeginTokens`: no token of the vocabulary has a ▁ behind another character.
 */
export function hasSafePrefixes(file: TokenizerFile, marksBeginTokens: boolean): boolean {
  if (file.added_tokens.some(({ content }) => /\s/.test(content))) return false;
  const normalized = file.normalizer === null ? "none" : normalizerEffect(file.normalizer);
  if (normalized === "unknown") return false;
  if (normalized === "mark") return marksBeginTokens && file.pre_tokenizer === null;
  const split = file.pre_tokenizer === null ? "none" : preTokenizerEffect(file.pre_tokenizer);
  return split === "border" || (split === "mark" && marksBeginTokens);
}

function normalizerEffect(config: unknown): Effect {
  if (!isObject(config)) return "unknown";
  if (config.type === "Sequence") return combine(config.normalizers, normalizerEffect);
  if (config.type !== "Replace") return NORMALIZERS.has(String(config.type)) ? "none" : "unknown";
  const { String: literal, Regex: regex } = (config.pattern ?? {}) as Json;
  if (literal === " ") return config.content === MARK ? "mark" : "unknown";
  if (typeof literal === "string") return literal.includes(" ") ? "unknown" : "none";
  if (regex === "\\s+") return config.content === " " ? "none" : "unknown";
  return regex === IDENTIFIER_BORDERS || regex === " {2,}" ? "none" : "unknown";
}

function preTokenizerEffect(config: unknown): Effect {
  if (!isObject(config)) return "unknown";
  if (config.type === "Sequence") return combine(config.pretokenizers, preTokenizerEffect);
  if (config.type === "ByteLevel") return config.use_regex === false ? "none" : "border";
  if (config.type === "Metaspace") return config.split === false ? "mark" : "border";
  if (config.type === "Punctuation" || config.type === "Digits") return "none";
  if (config.type === "Split") {
    const { Regex: regex } = (config.pattern ?? {}) as Json;
    if (regex === PUNCTUATION_MARK && !config.invert) return "none";
    const known = config.behavior === "Isolated" && !config.invert && SPLITS.has(String(regex));
    return known ? "border" : "unknown";
  }
  return PRE_TOKENIZERS.has(String(config.type)) ? "border" : "unknown";
}

/** The first effect that changes something; unknown when any part is. */
function combine(parts: unknown, effectOf: (part: unknown) => Effect): Effect {
  if (!Array.isArray(parts)) return "unknown";
  const effects = parts.map(effectOf);
  if (effects.includes("unknown")) return "unknown";
  return effects.find((effect) => effect !== "none") ?? "none";
}
