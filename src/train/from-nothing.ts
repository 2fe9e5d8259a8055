import { fillNormal } from "../graph/rng.ts";
import { newCard } from "../models/card.ts";
import { configReader } from "../models/config.ts";
import { poolingHead } from "../models/head.ts";
import type { Model } from "../models/model.ts";
import { architectureOf } from "../models/registry.ts";
import { floats } from "../tensor/tensor.ts";
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
  const vocabSize = tokenizer.vocabSize;
  const configJson = { model_type: "static", vocab_size: vocabSize, hidden_size: dims };
  const architecture = architectureOf("static", name);
  const prompts = { query: "", document: "" };
  const table = fillNormal(new Float32Array(vocabSize * dims), {
    seed,
    std: 0.5 / Math.sqrt(dims),
  });
  return {
    name,
    architecture,
    config: architecture.parseConfig(configReader(configJson, name)),
    configJson,
    head: poolingHead(),
    tokenizer,
    maxTokens,
    prompts,
    weights: new Map([["embedding.weight", floats(table, [vocabSize, dims])]]),
    card: newCard(dims, prompts, "cosine"),
  };
}
