/** The files of a model's tokenizer, as every reader of the folder needs them. */
import { createHash } from "node:crypto";
import { parseTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { isJsonObject, type JsonObject, toJson } from "./json-file.ts";

/** What transformers writes for "no limit". */
const NO_LIMIT = 1e30;

/**
 * `tokenizer.json` with the model's own limit as its truncation: sentence-transformers' StaticEmbedding knows no other place for it. Nothing else is
 * changed, and nothing at all where it says so already.
 */
export function tokenizerJson({ json }: Tokenizer, maxTokens: number): string {
  const file = JSON.parse(json) as JsonObject;
  const truncation = Number.isFinite(maxTokens)
    ? { direction: "Right", max_length: maxTokens, strategy: "LongestFirst", stride: 0 }
    : null;
  if (JSON.stringify(file.truncation ?? null) === JSON.stringify(truncation)) return json;
  return toJson({ ...file, truncation });
}

/**
 * Settings by which transformers 5 builds other special tokens, or another tokenizer, than `tokenizer.json` says. Classes of its own
 * (LlamaTokenizer, GemmaTokenizer, BertTokenizer) do so too: they rebuild it from its vocabulary.
 */
const overruling = ["auto_map", "add_bos_token", "add_eos_token"];

/** `tokenizer_config.json` for readers that give the ids that we do: transformers and transformers.js cut at the model's limit, and pad. */
export function tokenizerConfigJson(tokenizer: Tokenizer, maxTokens: number): string {
  const settings = Object.entries(JSON.parse(tokenizer.config) as JsonObject);
  const kept = Object.fromEntries(settings.filter(([key]) => !overruling.includes(key)));
  return toJson({
    ...kept,
    // The class that reads tokenizer.json as it is.
    tokenizer_class: "PreTrainedTokenizerFast",
    model_max_length: Number.isFinite(maxTokens) ? maxTokens : NO_LIMIT,
    pad_token: padTokenOf(tokenizer, kept),
  });
}

/** What a batch is padded with, which is masked; where the files name none, another special token. */
function padTokenOf(tokenizer: Tokenizer, { eos_token }: JsonObject) {
  const { padId, specialTokens } = tokenizer;
  if (padId !== undefined) return tokenizer.idToToken(padId);
  const names = [...specialTokens.keys()];
  const end = isJsonObject(eos_token) ? eos_token.content : eos_token;
  return (
    names.find((name) => /^\W*pad\W*$/i.test(name)) ??
    names.find((name) => name === end) ??
    names[0]
  );
}

/** The limit that a `tokenizer.json` sets itself. */
export function truncationOf({ json }: Tokenizer): number | undefined {
  const { truncation } = JSON.parse(json) as JsonObject;
  const limit = isJsonObject(truncation) ? truncation.max_length : undefined;
  return Number.isInteger(limit) && (limit as number) > 0 ? (limit as number) : undefined;
}

/** SHA-256, in hex, of what decides a text's ids; truncation and padding are the caller's. */
export function tokenizerFingerprint({ json }: Tokenizer): string {
  const file = { ...(JSON.parse(json) as JsonObject), truncation: null, padding: null };
  return createHash("sha256").update(JSON.stringify(file)).digest("hex");
}

/** How many special tokens it puts around a text. */
export function specialTokenCount(tokenizer: Tokenizer): number {
  return tokenizer.encode("").ids.length;
}

/** The same tokenizer putting nothing around a text, as StaticEmbedding uses it. */
export function withoutSpecialTokens(tokenizer: Tokenizer, at: string): Tokenizer {
  if (specialTokenCount(tokenizer) === 0) return tokenizer;
  const file = JSON.parse(tokenizer.json) as JsonObject;
  return parseTokenizer(toJson({ ...file, post_processor: null }), tokenizer.config, at);
}

/** The same tokenizer lower-casing first, as sentence-transformers adds it where `do_lower_case` says so and it does not yet. */
export function lowerCased(tokenizer: Tokenizer, at: string): Tokenizer {
  const file = JSON.parse(tokenizer.json) as JsonObject;
  const normalizer = isJsonObject(file.normalizer) ? file.normalizer : undefined;
  const steps =
    normalizer?.type === "Sequence" && Array.isArray(normalizer.normalizers)
      ? normalizer.normalizers
      : [normalizer].filter((step) => step !== undefined);
  const lowers = (step: unknown) =>
    isJsonObject(step) &&
    (step.type === "Lowercase" || (step.type === "BertNormalizer" && step.lowercase === true));
  if (steps.some(lowers)) return tokenizer;
  const all = { type: "Sequence", normalizers: [{ type: "Lowercase" }, ...steps] };
  return parseTokenizer(toJson({ ...file, normalizer: all }), tokenizer.config, at);
}

/**
 * How many ids at the start of a text are its prompt's: those of the prompt alone, without the special token that ends it. So sentence-transformers
 * counts them (modules/transformer.py, `_get_prompt_length`), even where the last word of the prompt and the first of the text become one token.
 */
export function promptTokensOf(tokenizer: Tokenizer, prompt: string, maxLength: number): number {
  if (prompt === "") return 0;
  const { ids } = tokenizer.encode(prompt, { maxLength });
  const last = ids.at(-1);
  const ends = [...tokenizer.specialTokens.values()].some((id) => id === last);
  return ids.length - (ends ? 1 : 0);
}
