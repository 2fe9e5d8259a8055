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

/** `tokenizer_config.json` with the model's limit; transformers.js and transformers cut there. */
export function tokenizerConfigJson({ config }: Tokenizer, maxTokens: number): string {
  const settings = JSON.parse(config) as JsonObject;
  return toJson({
    // The class that reads tokenizer.json as it is.
    tokenizer_class: "PreTrainedTokenizerFast",
    ...settings,
    model_max_length: Number.isFinite(maxTokens) ? maxTokens : NO_LIMIT,
  });
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
