/**
 * A static embedder: a bag of token vectors, as sentence-transformers' StaticEmbedding and model2vec hold it (one table `embedding.weight`).
 * No layers: a vector is the mean of its tokens' rows, so it costs microseconds and knows no order of words.
 */
import type { Value } from "../graph/node.ts";
import { gather } from "../graph/ops/index.ts";
import type { Layout } from "../nn/layout.ts";
import type { Weights } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";

export interface StaticConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
}

function parseStaticConfig(read: ConfigReader): StaticConfig {
  return { vocabSize: read.count("vocab_size"), hiddenSize: read.count("hidden_size") };
}

/** `[T, hidden_size]`. */
function staticEmbedding(config: StaticConfig, weights: Weights, layout: Layout): Value {
  return gather(weights("embedding.weight", ["V", config.hiddenSize]), layout.ids);
}

export const staticEntry = {
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
} as const satisfies Architecture<StaticConfig>;
