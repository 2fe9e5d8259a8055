/**
 * Pre-tokenizers of `tokenizer.json` as the Rust library computes them. `@huggingface/tokenizers` builds the rest; those in
 * this file differ there: JavaScript's `\s` has U+FEFF and lacks U+0085, its `\w` and `\d` know ASCII alone, Punctuation
 * takes runs where Rust takes single marks, and Metaspace does not split.
 */
import { NearfoldError } from "../errors.ts";
import { buildPreTokenizer } from "./library.ts";
import { matchWords } from "./match-words.ts";
import { isObject, type Json } from "./tokenizer-file.ts";

/** Cuts a normalized text into the words that the model sees one by one. `section` counts what added tokens part. */
export type PreTokenizer = (text: string, section: number) => string[];

const PUNCTUATION = "\\p{P}\\x21-\\x2F\\x3A-\\x40\\x5B-\\x60\\x7B-\\x7E";
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
const SPACE = "\\p{White_Space}";

const matchers: Readonly<Record<string, (config: Json) => RegExp | undefined>> = {
  BertPreTokenizer: () => pattern(`[^${SPACE}${PUNCTUATION}]+|[${PUNCTUATION}]`),
  Whitespace: () => pattern(`[${WORD}]+|[^${WORD}${SPACE}]+`),
  WhitespaceSplit: () => pattern(`[^${SPACE}]+`),
  Digits: ({ individual_digits }) => pattern(`\\P{N}+|\\p{N}${individual_digits ? "" : "+"}`),
  Punctuation: ({ behavior = "Isolated" }) =>
    ({
      Isolated: pattern(`[^${PUNCTUATION}]+|[${PUNCTUATION}]`),
      Contiguous: pattern(`[^${PUNCTUATION}]+|[${PUNCTUATION}]+`),
      Removed: pattern(`[^${PUNCTUATION}]+`),
    })[String(behavior)],
};

/**
 * The function that a pre-tokenizer's entry describes; `null` leaves the text whole.
 * @throws unsupported for a way of splitting that would be computed differently from Rust.
 */
export function createPreTokenizer(config: Json | null): PreTokenizer {
  if (config === null) return (text) => [text];
  const type = String(config.type);
  if (type === "Sequence" && Array.isArray(config.pretokenizers)) {
    const steps = config.pretokenizers.map((step) =>
      createPreTokenizer(isObject(step) ? step : null),
    );
    return (text, section) =>
      steps.reduce((words, step) => words.flatMap((word) => step(word, section)), [text]);
  }
  if (type === "ByteLevel") return byteLevel(config);
  if (type === "Metaspace") return metaspace(config);
  if (Object.hasOwn(matchers, type)) {
    const matcher = matchers[type](config);
    if (matcher === undefined) throw unsupported(type, "behavior", config.behavior);
    return (text) => matchWords(text, matcher);
  }
  if (
    type === "Split" &&
    !config.invert &&
    !["Isolated", "Removed"].includes(String(config.behavior))
  ) {
    throw unsupported(type, "behavior", config.behavior);
  }
  if (type === "FixedLength" && !((config.length as number) >= 1)) {
    throw unsupported(type, "length", config.length);
  }
  return buildPreTokenizer(config);
}

function pattern(source: string): RegExp {
  return new RegExp(source, "gu");
}

function unsupported(type: string, name: string, value: unknown): NearfoldError {
  const got = `${name} ${JSON.stringify(value)}`;
  return new NearfoldError("unsupported", `pre-tokenizer ${type} with this ${name}`, { got });
}

/** GPT-2's pattern (openai/gpt-2, src/encoder.py), with Unicode's white space. */
const GPT2 = pattern(
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+|" +
    "\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+",
);

/** The printable character that stands for each byte: itself where printable, else U+0100 upwards. */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
    return String.fromCharCode(printable ? byte : next++);
  });
})();

function byteLevel(config: Json): PreTokenizer {
  const prefix = config.add_prefix_space === true;
  const split = config.use_regex !== false;
  const encoder = new TextEncoder();
  const spell = (word: string) => {
    if (/^ ?[!-~]+$/.test(word)) return word.charCodeAt(0) === 32 ? `Ġ${word.slice(1)}` : word;
    let spelled = "";
    for (const byte of encoder.encode(word)) spelled += BYTE_CHARACTERS[byte];
    return spelled;
  };
  return (text) => {
    const whole = prefix && !text.startsWith(" ") ? ` ${text}` : text;
    return (split ? matchWords(whole, GPT2) : [whole]).map(spell);
  };
}

/** SentencePiece's spelling: a space becomes ▁, and each ▁ begins a word (tokenizers/src/pre_tokenizers/metaspace.rs). */
function metaspace(config: Json): PreTokenizer {
  const mark = String(config.replacement ?? "▁");
  const scheme = config.prepend_scheme ?? (config.add_prefix_space === false ? "never" : "always");
  const boundary =
    config.split === false ? undefined : new RegExp(`(?=${RegExp.escape(mark)})`, "u");
  return (text, section) => {
    const spelled = text.replaceAll(" ", () => mark);
    const prepend = scheme === "always" || (scheme === "first" && section === 0);
    const whole = prepend && !spelled.startsWith(mark) ? mark + spelled : spelled;
    return boundary === undefined ? [whole] : whole.split(boundary);
  };
}
