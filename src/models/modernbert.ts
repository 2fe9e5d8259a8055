/** ModernBERT (Warner et al., arXiv:2412.13663), as transformers' models/modernbert/modeling_modernbert.py computes it. */
import type { Value } from "../graph/node.ts";
import { add, gather, layerNorm, mul, split } from "../graph/ops/index.ts";
import { type Activation, activationNames, activations } from "../nn/activation.ts";
import { attention } from "../nn/attention.ts";
import type { Dropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import { linear } from "../nn/linear.ts";
import { type Rope, rotationOf } from "../nn/rope.ts";
import { scope, type Weights } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";
import { type LayerType, parseLayerTypes } from "./layer-types.ts";
import { parseRope } from "./rope-config.ts";

export interface ModernBertConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  readonly normEps: number;
  readonly normBias: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly activation: Activation;
  /** Of each layer. */
  readonly layerTypes: readonly LayerType[];
  readonly ropes: Readonly<Record<LayerType, Rope>>;
  /** Tokens on either side that a sliding layer sees. */
  readonly reach: number;
  readonly embeddingDropout: number;
  /** Of the probabilities, and of what attention adds. */
  readonly attentionDropout: number;
  readonly mlpDropout: number;
}

function parseModernBertConfig(read: ConfigReader): ModernBertConfig {
  const layers = read.layers("num_hidden_layers");
  const hiddenSize = read.count("hidden_size");
  const heads = read.divisor("num_attention_heads", "hidden_size");
  read.refuse("head_dim", hiddenSize / heads);
  read.headWidth();
  read.refuse("rope_scaling");
  read.inside("rope_parameters")?.refuse("rope_theta");
  const fullEvery = read.count("global_attn_every_n_layers", 3);
  return {
    vocabSize: read.count("vocab_size"),
    hiddenSize,
    heads,
    intermediateSize: read.count("intermediate_size"),
    maxPositions: read.count("max_position_embeddings", 8192),
    normEps: read.number("norm_eps", 1e-5),
    normBias: read.boolean("norm_bias", false),
    attentionBias: read.boolean("attention_bias", false),
    mlpBias: read.boolean("mlp_bias", false),
    activation: read.choice("hidden_activation", activationNames, "gelu"),
    layerTypes: parseLayerTypes(read, layers, (i) => i % fullEvery !== 0),
    ropes: {
      full_attention: parseRope(read, {
        theta: 160_000,
        layerType: "full_attention",
        legacyTheta: "global_rope_theta",
      }),
      sliding_attention: parseRope(read, {
        theta: 10_000,
        layerType: "sliding_attention",
        legacyTheta: "local_rope_theta",
      }),
    },
    reach: Math.floor(read.count("local_attention", 128) / 2),
    embeddingDropout: read.rate("embedding_dropout", 0),
    attentionDropout: read.rate("attention_dropout", 0),
    mlpDropout: read.rate("mlp_dropout", 0),
  };
}

/** `last_hidden_state` `[T, hidden_size]`, after the last norm. */
function modernBert(
  config: ModernBertConfig,
  weights: Weights,
  layout: Layout,
  { rows: drop, attention: dropAttention }: Dropout,
): Value {
  const { hiddenSize: width, heads, intermediateSize, attentionBias, mlpBias } = config;
  const norm = (x: Value, at: Weights) => {
    const bias = config.normBias ? at("bias", [width]) : undefined;
    return layerNorm(x, at("weight", [width]), bias, { epsilon: config.normEps });
  };
  const rotationFor = (rope: Rope) => rotationOf(layout, rope, width / heads);
  const kinds = {
    full_attention: { rotate: rotationFor(config.ropes.full_attention), visible: {} },
    sliding_attention: {
      rotate: rotationFor(config.ropes.sliding_attention),
      visible: { within: config.reach },
    },
  };

  const embeddings = scope(weights, "embeddings");
  const words = gather(embeddings("tok_embeddings.weight", ["V", width]), layout.ids);
  let x = drop(norm(words, scope(embeddings, "norm")), config.embeddingDropout);

  for (const [i, type] of config.layerTypes.entries()) {
    const layer = scope(weights, `layers.${i}`);
    const { rotate, visible } = kinds[type];
    // The first layer's input has just been normalised.
    const normal = i === 0 ? x : norm(x, scope(layer, "attn_norm"));
    const project = { in: width, out: 3 * width, bias: attentionBias };
    const fused = linear(normal, scope(layer, "attn.Wqkv"), project);
    const [q, k, v] = split(fused, [width, width, width], 1);
    const context = attention(rotate(q), rotate(k), v, layout, {
      heads,
      visible,
      drop: (p, block) => dropAttention(p, block, config.attentionDropout),
    });
    const out = { in: width, out: width, bias: attentionBias };
    const mixed = linear(context, scope(layer, "attn.Wo"), out);
    x = add(x, drop(mixed, config.attentionDropout));

    const mlp = scope(layer, "mlp");
    const widened = { in: width, out: 2 * intermediateSize, bias: mlpBias };
    const both = linear(norm(x, scope(layer, "mlp_norm")), scope(mlp, "Wi"), widened);
    const [input, gate] = split(both, [intermediateSize, intermediateSize], 1);
    const gated = drop(mul(activations[config.activation](input), gate), config.mlpDropout);
    const down = { in: intermediateSize, out: width, bias: mlpBias };
    x = add(x, linear(gated, scope(mlp, "Wo"), down));
  }
  return norm(x, scope(weights, "final_norm"));
}

export const modernBertEntry = {
  parseConfig: parseModernBertConfig,
  forward: modernBert,
  width: ({ hiddenSize }) => hiddenSize,
  maxTokens: ({ maxPositions }) => maxPositions,
  vocabSize: ({ vocabSize }) => vocabSize,
  batches: "packed",
  tables: ["embeddings.tok_embeddings.weight"],
  module: "Transformer",
  layers: {
    prefix: "layers",
    count: ["num_hidden_layers"],
    types: ({ layerTypes }) => layerTypes,
  },
  renames: [[/^model\./, ""]],
  dropped: /^(head|decoder|classifier)\.|\.rotary_emb\.inv_freq$/,
} as const satisfies Architecture<ModernBertConfig>;
