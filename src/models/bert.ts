/** BERT (Devlin et al., arXiv:1810.04805), as transformers' models/bert/modeling_bert.py computes it. */
import { scalar, type Value } from "../graph/node.ts";
import { add, gather, layerNorm } from "../graph/ops/index.ts";
import { type Activation, activationNames, activations } from "../nn/activation.ts";
import { attention } from "../nn/attention.ts";
import type { Dropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import { linear } from "../nn/linear.ts";
import { offsetPositions } from "../nn/offset-positions.ts";
import { scope, type Weights } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";

export interface BertConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  /** Positions begin after this id and leave it out (see `offsetPositions`). @default they are 0, 1, 2, … */
  readonly padId?: number;
  readonly typeVocabSize: number;
  readonly layerNormEps: number;
  readonly activation: Activation;
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
}

export function parseBertConfig(read: ConfigReader): BertConfig {
  read.refuse("position_embedding_type", "absolute");
  read.refuse("is_decoder", false);
  return {
    vocabSize: read.count("vocab_size"),
    hiddenSize: read.count("hidden_size"),
    layers: read.layers("num_hidden_layers"),
    heads: read.divisor("num_attention_heads", "hidden_size"),
    intermediateSize: read.count("intermediate_size"),
    maxPositions: read.count("max_position_embeddings", 512),
    typeVocabSize: read.count("type_vocab_size", 2),
    layerNormEps: read.number("layer_norm_eps", 1e-12),
    activation: read.choice("hidden_act", activationNames, "gelu"),
    hiddenDropout: read.rate("hidden_dropout_prob", 0.1),
    attentionDropout: read.rate("attention_probs_dropout_prob", 0.1),
  };
}

/** `last_hidden_state` `[T, hidden_size]`. */
function bert(
  config: BertConfig,
  weights: Weights,
  layout: Layout,
  { rows: drop, attention: dropAttention }: Dropout,
): Value {
  const { hiddenSize: width, heads, intermediateSize, padId, layerNormEps: epsilon } = config;
  const norm = (x: Value, at: Weights) =>
    layerNorm(x, at("weight", [width]), at("bias", [width]), { epsilon });

  const embeddings = scope(weights, "embeddings");
  const words = gather(embeddings("word_embeddings.weight", ["V", width]), layout.ids);
  const places = embeddings("position_embeddings.weight", [config.maxPositions, width]);
  const types = embeddings("token_type_embeddings.weight", [config.typeVocabSize, width]);
  const segment = layout.tokenTypes ? gather(types, layout.tokenTypes) : firstRow(types);
  const positions = padId === undefined ? layout.positions : offsetPositions(layout, padId);
  const sum = add(add(words, segment), gather(places, positions));
  let x = drop(norm(sum, scope(embeddings, "LayerNorm")), config.hiddenDropout);

  for (let i = 0; i < config.layers; i++) {
    const layer = scope(weights, `encoder.layer.${i}`);
    const project = (part: string) =>
      linear(x, scope(layer, `attention.self.${part}`), { in: width, out: width });
    const context = attention(project("query"), project("key"), project("value"), layout, {
      heads,
      drop: (p, block) => dropAttention(p, block, config.attentionDropout),
    });
    const output = scope(layer, "attention.output");
    const mixed = linear(context, scope(output, "dense"), { in: width, out: width });
    x = norm(add(drop(mixed, config.hiddenDropout), x), scope(output, "LayerNorm"));

    const inner = activations[config.activation](
      linear(x, scope(layer, "intermediate.dense"), { in: width, out: intermediateSize }),
    );
    const outer = linear(inner, scope(layer, "output.dense"), { in: intermediateSize, out: width });
    x = norm(add(drop(outer, config.hiddenDropout), x), scope(layer, "output.LayerNorm"));
  }
  return x;
}

/** Token type 0, which every token has where no types are given: `[D]`. */
export function firstRow(table: Value): Value {
  return gather(table, scalar(0, "int32"));
}

export const bertEntry = {
  parseConfig: parseBertConfig,
  forward: bert,
  width: ({ hiddenSize }) => hiddenSize,
  maxTokens: ({ maxPositions }) => maxPositions,
  vocabSize: ({ vocabSize }) => vocabSize,
  batches: "packed",
  tables: ["embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight"],
  module: "Transformer",
  layers: { prefix: "encoder.layer", count: ["num_hidden_layers"] },
  renames: [
    [/^bert\./, ""],
    [/\.LayerNorm\.gamma$/, ".LayerNorm.weight"],
    [/\.LayerNorm\.beta$/, ".LayerNorm.bias"],
  ],
  kept: /^pooler\./,
  dropped: /^(cls|classifier|qa_outputs)\.|^embeddings\.(position_ids|token_type_ids)$/,
} as const satisfies Architecture<BertConfig>;
