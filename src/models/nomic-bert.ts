/** Nomic BERT (Nussbaum et al., arXiv:2402.01613), as transformers' models/nomic_bert/modeling_nomic_bert.py computes it. */
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
import { firstRow } from "./bert.ts";
import type { ConfigReader } from "./config.ts";
import { parseRope } from "./rope-config.ts";

export interface NomicBertConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly headWidth: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  readonly typeVocabSize: number;
  readonly layerNormEps: number;
  readonly activation: Activation;
  readonly rope: Rope;
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
}

/** What the Hub's configs, written for code of their own, call the fields of transformers'. */
const hubNames = {
  hidden_size: "n_embd",
  num_hidden_layers: "n_layer",
  num_attention_heads: "n_head",
  intermediate_size: "n_inner",
  layer_norm_eps: "layer_norm_epsilon",
  hidden_dropout_prob: "resid_pdrop",
  attention_probs_dropout_prob: "attn_pdrop",
  rope_theta: "rotary_emb_base",
};

/** Settings of that code that transformers does not have, each with the value that says what is computed here. */
const fixed = {
  prenorm: false,
  parallel_block: false,
  use_rms_norm: false,
  causal: false,
  qkv_proj_bias: false,
  mlp_fc1_bias: false,
  mlp_fc2_bias: false,
  rotary_emb_fraction: 1,
  rotary_emb_interleaved: false,
  rotary_emb_scale_base: undefined,
  scale_attn_weights: true,
  scale_attn_by_inverse_layer_idx: false,
  num_experts: 0,
  moe_every_n_layers: 0,
} as const;

/** Gated units by the Hub's name (Shazeer, arXiv:2002.05202). */
const gates = { swiglu: "silu", geglu: "gelu", glu: "sigmoid" } as const;

function parseNomicBertConfig(file: ConfigReader): NomicBertConfig {
  const read = file.spelled(hubNames);
  for (const [key, built] of Object.entries(fixed)) read.refuse(key, built);
  const rope = parseRope(read, { theta: 1000 });
  read.refuse("rope_theta", rope.theta);
  return {
    vocabSize: read.count("vocab_size"),
    hiddenSize: read.count("hidden_size"),
    layers: read.layers("num_hidden_layers"),
    heads: read.count("num_attention_heads"),
    headWidth: read.headWidth(),
    intermediateSize: read.count("intermediate_size"),
    maxPositions: parsePositions(read),
    typeVocabSize: read.count("type_vocab_size", 2),
    layerNormEps: read.number("layer_norm_eps", 1e-12),
    activation: parseActivation(read),
    rope,
    hiddenDropout: read.rate("hidden_dropout_prob", 0),
    attentionDropout: read.rate("attention_probs_dropout_prob", 0),
  };
}

/**
 * With a `rotary_scaling_factor` the Hub's code turns texts beyond the trained positions by angles that depend on the longest of their
 * batch; up to there it changes nothing, and there we end.
 */
function parsePositions(read: ConfigReader): number {
  if (read.has("rotary_scaling_factor")) return read.count("max_trained_positions", 2048);
  const most = read.count("max_position_embeddings", 2048);
  return read.count("n_positions", most);
}

function parseActivation(read: ConfigReader): Activation {
  if (!read.has("activation_function")) return read.choice("hidden_act", activationNames, "silu");
  const names = Object.keys(gates) as (keyof typeof gates)[];
  const activation = gates[read.choice("activation_function", names)];
  read.refuse("hidden_act", activation);
  return activation;
}

/** `last_hidden_state` `[T, hidden_size]`. */
function nomicBert(
  config: NomicBertConfig,
  weights: Weights,
  layout: Layout,
  { rows: drop, attention: dropAttention }: Dropout,
): Value {
  const { hiddenSize: width, heads, headWidth, intermediateSize, layerNormEps: epsilon } = config;
  const inner = heads * headWidth;
  const norm = (x: Value, at: Weights) =>
    layerNorm(x, at("weight", [width]), at("bias", [width]), { epsilon });
  const rotate = rotationOf(layout, config.rope, headWidth);
  const activate = activations[config.activation];

  const words = gather(weights("embeddings.word_embeddings.weight", ["V", width]), layout.ids);
  const types = weights("embeddings.token_type_embeddings.weight", [config.typeVocabSize, width]);
  const segment = layout.tokenTypes ? gather(types, layout.tokenTypes) : firstRow(types);
  let x = drop(norm(add(words, segment), scope(weights, "emb_ln")), config.hiddenDropout);

  for (let i = 0; i < config.layers; i++) {
    const layer = scope(weights, `encoder.layers.${i}`);
    const project = { in: width, out: 3 * inner, bias: false };
    const fused = linear(x, scope(layer, "attn.Wqkv"), project);
    const [q, k, v] = split(fused, [inner, inner, inner], 1);
    const context = attention(rotate(q), rotate(k), v, layout, {
      heads,
      drop: (p, block) => dropAttention(p, block, config.attentionDropout),
    });
    const out = { in: inner, out: width, bias: false };
    const mixed = linear(context, scope(layer, "attn.out_proj"), out);
    x = norm(add(x, drop(mixed, config.hiddenDropout)), scope(layer, "norm1"));

    const mlp = scope(layer, "mlp");
    const sizes = { in: width, out: intermediateSize, bias: false };
    const up = linear(x, scope(mlp, "fc11"), sizes);
    const gated = mul(up, activate(linear(x, scope(mlp, "fc12"), sizes)));
    const down = linear(gated, scope(mlp, "fc2"), { ...sizes, in: intermediateSize, out: width });
    x = norm(add(x, drop(down, config.hiddenDropout)), scope(layer, "norm2"));
  }
  return x;
}

export const nomicBertEntry = {
  parseConfig: parseNomicBertConfig,
  forward: nomicBert,
  width: ({ hiddenSize }) => hiddenSize,
  maxTokens: ({ maxPositions }) => maxPositions,
  vocabSize: ({ vocabSize }) => vocabSize,
  batches: "packed",
  tables: ["embeddings.word_embeddings.weight"],
  module: "Transformer",
  layers: { prefix: "encoder.layers", count: ["num_hidden_layers", "n_layer"] },
  renames: [[/^(bert|nomic_bert)\./, ""]],
  kept: /^pooler\./,
  dropped:
    /^(cls|classifier)\.|^embeddings\.(position_ids|token_type_ids)$|\.rotary_emb\.inv_freq$/,
} as const satisfies Architecture<NomicBertConfig>;
