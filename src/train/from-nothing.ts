import { fillNormal } from "../graph/rng.ts";
import { newCard } from "../models/card.ts";
import { configReader } from "../models/config.ts";
import { poolingHead } from "../models/head.ts";
import type { Model } from "../models/model.ts";
import { architectureOf } from "../models/registry.ts";
import type { Space } from "../space.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

export interface NewStaticOptions {
  readonly name: string;
  /** Width of the vectors. @default 256 */
  readonly dims?: number;
  /** Longer texts are cut. @default 512 */
  readonly maxTokens?: number;
  /** Of the initial table. @default 42 */
  readonly seed?: number;
}

/**
 * A static embedder that has learnt nothing yet: rows of N(0, (0.5 / √D)²), so that sums of some tokens are near unit length.
 */
export function newStaticModel(tokenizer: Tokenizer, options: NewStaticOptions): Model {
  const { name, dims = 256, maxTokens = 512, seed = 42 } = options;
  const table = fillNormal(new Float32Array(tokenizer.vocabSize * dims), {
    seed,
    std: 0.5 / Math.sqrt(dims),
  });
  const shape = [tokenizer.vocabSize, dims];
  return staticModel(tokenizer, floats(table, shape), { name, maxTokens, similarity: "cosine" });
}

/** A static embedder of a table of token vectors `[V, D]`, which it keeps. */
export function staticModel(
  tokenizer: Tokenizer,
  table: Tensor<"float32">,
  { name, maxTokens, similarity }: StaticModelOptions,
): Model {
  const [vocabSize, dims] = table.shape;
  const configJson = { model_type: "static", vocab_size: vocabSize, hidden_size: dims };
  const architecture = architectureOf("static", name);
  // What is before a text tells a bag nothing: it adds the same to all.
  const prompts = { query: "", document: "" };
  return {
    name,
    architecture,
    config: architecture.parseConfig(configReader(configJson, name)),
    configJson,
    head: poolingHead(),
    tokenizer,
    maxTokens,
    prompts,
    weights: new Map([["embedding.weight", table]]),
    card: newCard(dims, prompts, similarity),
  };
}

interface StaticModelOptions {
  readonly name: string;
  readonly maxTokens: number;
  readonly similarity: Space["similarity"];
}
