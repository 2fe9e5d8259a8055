/**
 * Normalizers of `tokenizer.json` as the Rust library computes them. `@huggingface/tokenizers` builds all of them; three are
 * replaced because it differs there: Lowercase and BertNormalizer lower a final sigma by context (Rust: letter by letter),
 * and BertNormalizer overlooks the ideographs beyond the basic plane. What remains: Rust's BERT classifies characters by Unicode 8,
 * JavaScript by its engine's version, so some 660 marks and punctuation signs of newer or revised scripts differ.
 */
import { buildNormalizer } from "./library.ts";
import { isObject, type Json } from "./tokenizer-file.ts";

export type Normalizer = (text: string) => string;

/** The function that a normalizer's entry describes; `null` leaves the text as it is. */
export function createNormalizer(config: Json | null): Normalizer {
  if (config === null) return (text) => text;
  if (config.type === "BertNormalizer") return bertNormalizer(config);
  if (config.type === "Lowercase") return lowercase;
  if (config.type === "Sequence" && Array.isArray(config.normalizers)) {
    const steps = config.normalizers.map((step) => createNormalizer(isObject(step) ? step : null));
    return (text) => steps.reduce((current, step) => step(current), text);
  }
  return buildNormalizer(config);
}

/** Lowers each character by itself: JavaScript alone would write a final sigma as ς. */
function lowercase(text: string): string {
  return text.replaceAll("Σ", "σ").toLowerCase();
}

const NOT_PLAIN = /[^\t\n\r\x20-\x7e]/;
const REMOVED = /[\0\uFFFD]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
const IDEOGRAPH =
  /[\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/** tokenizers/src/normalizers/bert.rs: clean, space out ideographs, strip accents, lower, in this order. */
function bertNormalizer(config: Json): Normalizer {
  const clean = config.clean_text === true;
  const ideographs = config.handle_chinese_chars === true;
  const lower = config.lowercase === true;
  const strip = config.strip_accents === true || (config.strip_accents !== false && lower);
  return (text) => {
    if (!NOT_PLAIN.test(text)) {
      const cleaned = clean ? text.replace(/[\t\n\r]/g, " ") : text;
      return lower ? cleaned.toLowerCase() : cleaned;
    }
    let current = text;
    if (clean) current = current.replace(REMOVED, "").replace(/\p{White_Space}/gu, " ");
    if (ideographs) current = current.replace(IDEOGRAPH, " $& ");
    if (strip) current = current.normalize("NFD").replace(/\p{Mn}/gu, "");
    return lower ? lowercase(current) : current;
  };
}
