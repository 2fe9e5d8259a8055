import { NearfoldError } from "../errors.ts";
import type { Architecture } from "./architecture.ts";
import { type BertConfig, bert, parseBertConfig } from "./bert.ts";
import { type DecoderConfig, decoderEntry } from "./decoder.ts";
import { gemma3Entry } from "./gemma3.ts";
import { parseLlamaConfig } from "./llama.ts";
import { parseMistralConfig } from "./mistral.ts";
import { parseQwen3Config } from "./qwen3.ts";
import { parseStaticConfig, type StaticConfig, staticEmbedding } from "./static.ts";

/** Every architecture by the `model_type` of its config.json. Adding one: a file of config + forward, and an entry here. */
export const architectures = {
  bert: {
    parseConfig: parseBertConfig,
    forward: bert,
    width: ({ hiddenSize }) => hiddenSize,
    maxTokens: ({ maxPositions }) => maxPositions,
    vocabSize: ({ vocabSize }) => vocabSize,
    batches: "packed",
    tables: ["embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight"],
    module: "Transformer",
    renames: [
      [/^bert\./, ""],
      [/\.LayerNorm\.gamma$/, ".LayerNorm.weight"],
      [/\.LayerNorm\.beta$/, ".LayerNorm.bias"],
    ],
    kept: /^pooler\./,
    dropped: /^(cls|classifier|qa_outputs)\.|^embeddings\.(position_ids|token_type_ids)$/,
  } satisfies Architecture<BertConfig>,
  llama: {
    ...decoderEntry,
    parseConfig: parseLlamaConfig,
  } satisfies Architecture<DecoderConfig>,
  mistral: {
    ...decoderEntry,
    parseConfig: parseMistralConfig,
  } satisfies Architecture<DecoderConfig>,
  qwen3: {
    ...decoderEntry,
    parseConfig: parseQwen3Config,
  } satisfies Architecture<DecoderConfig>,
  gemma3_text: gemma3Entry,
  static: {
    parseConfig: parseStaticConfig,
    forward: staticEmbedding,
    width: ({ hiddenSize }) => hiddenSize,
    maxTokens: () => Number.POSITIVE_INFINITY,
    vocabSize: ({ vocabSize }) => vocabSize,
    batches: "bags",
    tables: ["embedding.weight"],
    module: "StaticEmbedding",
    // As model2vec names it.
    renames: [[/^embeddings$/, "embedding.weight"]],
  } satisfies Architecture<StaticConfig>,
} as const;

export type ModelType = keyof typeof architectures;

/** What to do about kinds that are near one of ours. */
const hints: Readonly<Record<string, string>> = {
  gemma3:
    "It reads images too: save its text part, whose model_type is gemma3_text, as a folder of its own",
};

/** @throws unsupported, naming the architectures there are */
export function architectureOf(modelType: unknown, at: string): Architecture {
  if (typeof modelType === "string" && Object.hasOwn(architectures, modelType)) {
    return architectures[modelType as ModelType] as Architecture;
  }
  throw new NearfoldError("unsupported", "unknown model_type", {
    at,
    got: JSON.stringify(modelType) ?? "nothing",
    wanted: `one of ${Object.keys(architectures).join(", ")}`,
    ...(typeof modelType === "string" &&
      Object.hasOwn(hints, modelType) && { hint: hints[modelType] }),
  });
}
