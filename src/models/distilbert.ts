/** DistilBERT (Sanh et al., arXiv:1910.01108), as transformers' models/distilbert/modeling_distilbert.py computes it. */
import type { Value } from "../graph/node.ts";
import { add, gather, layerNorm } from "../graph/ops/index.ts";
import { type Activation, activationNames, activations } from "../nn/activation.ts";
import { attention } from "../nn/attention.ts";
import type { Dropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import { linear } from "../nn/linear.ts";
import { scope, type Weights } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";

export interface DistilBertConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  readonly activation: Activation;
  readonly dropout: number;
  readonly attentionDropout: number;
}

/** No config has a key for it. */
const LAYER_NORM_EPS = 1e-12;

function parseDistilBertConfig(file: ConfigReader): DistilBertConfig {
  const read = file.spelled({
    dim: "hidden_size",
    n_layers: "num_hidden_layers",
    n_heads: "num_attention_heads",
  });
  return {
    vocabSize: read.count("vocab_size"),
    hiddenSize: read.count("dim"),
    layers: read.layers("n_layers"),
    heads: read.divisor("n_heads", "dim"),
    intermediateSize: read.count("hidden_dim"),
    maxPositions: read.count("max_position_embeddings", 512),
    activation: read.choice("activation", activationNames, "gelu"),
    dropout: read.rate("dropout", 0.1),
    attentionDropout: read.rate("attention_dropout", 0.1),
  };
}

/** `last_hidden_state` `[T, dim]`. */
function distilBert(
  config: DistilBertConfig,
  weights: Weights,
  layout: Layout,
  { rows: drop, attention: dropAttention }: Dropout,
): Value {
  const { hiddenSize: width, heads, intermediateSize } = config;
  const norm = (x: Value, at: Weights) =>
    layerNorm(x, at("weight", [width]), at("bias", [width]), { epsilon: LAYER_NORM_EPS });

  const embeddings = scope(weights, "embeddings");
  const words = gather(embeddings("word_embeddings.weight", ["V", width]), layout.ids);
  const places = embeddings("position_embeddings.weight", [config.maxPositions, width]);
  const sum = add(words, gather(places, layout.positions));
  let x = drop(norm(sum, scope(embeddings, "LayerNorm")), config.dropout);

  for (let i = 0; i < config.layers; i++) {
    const layer = scope(weights, `transformer.layer.${i}`);
    const project = (part: string, from: Value) =>
      linear(from, scope(layer, `attention.${part}_lin`), { in: width, out: width });
    const context = attention(project("q", x), project("k", x), project("v", x), layout, {
      heads,
      drop: (p, block) => dropAttention(p, block, config.attentionDropout),
    });
    x = norm(add(project("out", context), x), scope(layer, "sa_layer_norm"));

    const ffn = scope(layer, "ffn");
    const inner = linear(x, scope(ffn, "lin1"), { in: width, out: intermediateSize });
    const activated = activations[config.activation](inner);
    const outer = linear(activated, scope(ffn, "lin2"), { in: intermediateSize, out: width });
    x = norm(add(drop(outer, config.dropout), x), scope(layer, "output_layer_norm"));
  }
  return x;
}

export const distilBertEntry = {
  parseConfig: parseDistilBertConfig,
  forward: distilBert,
  width: ({ hiddenSize }) => hiddenSize,
  maxTokens: ({ maxPositions }) => maxPositions,
  vocabSize: ({ vocabSize }) => vocabSize,
  batches: "packed",
  tables: ["embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight"],
  module: "Transformer",
  layers: { prefix: "transformer.layer", count: ["n_layers", "num_hidden_layers"] },
  renames: [[/^distilbert\./, ""]],
  dropped:
    /^(vocab_transform|vocab_layer_norm|vocab_projector|pre_classifier|classifier|qa_outputs)\.|^embeddings\.position_ids$/,
} as const satisfies Architecture<DistilBertConfig>;
