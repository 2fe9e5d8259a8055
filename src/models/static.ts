/**
 * A static embedder: a bag of token vectors, as sentence-transformers' StaticEmbedding and model2vec hold it (one table `embedding.weight`).
 * No layers: a vector is the mean of its tokens' rows, so it costs microseconds and knows no order of words.
 */
import type { Value } from "../graph/node.ts";
import { gather } from "../graph/ops/index.ts";
import type { Layout } from "../nn/layout.ts";
import type { Weights } from "../nn/weights.ts";
import type { ConfigReader } from "./config.ts";

export interface StaticConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
}

export function parseStaticConfig(read: ConfigReader): StaticConfig {
  return { vocabSize: read.count("vocab_size"), hiddenSize: read.count("hidden_size") };
}

/** `[T, hidden_size]`. */
export function staticEmbedding(config: StaticConfig, weights: Weights, layout: Layout): Value {
  return gather(weights("embedding.weight", ["V", config.hiddenSize]), layout.ids);
}
