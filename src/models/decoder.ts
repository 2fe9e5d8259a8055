/** The decoder that Llama, Mistral and Qwen3 are: pre-norm, grouped queries, rotary positions, a gated MLP. */
import type { Value } from "../graph/node.ts";
import { add, gather, mul, reshape, rmsNorm } from "../graph/ops/index.ts";
import { type Activation, activationNames, activations } from "../nn/activation.ts";
import { attention } from "../nn/attention.ts";
import type { Dropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import { linear } from "../nn/linear.ts";
import { type Rope, type Rotation, rotationOf } from "../nn/rope.ts";
import { scope, type Weights } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";
import type { LayerType } from "./layer-types.ts";
import { parseRope } from "./rope-config.ts";

/** Names of the table of token embeddings and of the language model's head; tied, they are one weight. */
const TABLE = "embed_tokens.weight";
const HEAD = "lm_head.weight";

export interface DecoderConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly headWidth: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  readonly rmsNormEps: number;
  readonly activation: Activation;
  /** Biases of the query, key and value projections. */
  readonly inputBias: boolean;
  /** Bias of the output projection. */
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  /** An RMS norm over each query and key head. */
  readonly headNorms: boolean;
  readonly rope: Rope;
  /** Tokens see what is before them; a model adapted to embed may see both sides. */
  readonly causal: boolean;
  /** How many tokens away each layer sees; Infinity for all. */
  readonly within: readonly number[];
  readonly attentionDropout: number;
  /** Whether the output head is the table of token embeddings. */
  readonly tiedHead: boolean;
}

interface DecoderDefaults {
  readonly theta: number;
  readonly maxPositions: number;
  /** @default num_attention_heads, which null stands for too */
  readonly keyHeads?: number;
  /** Width of a head where the config says nothing. @default hidden_size / num_attention_heads */
  readonly headWidth?: number;
  /** The key of the activation, and its default. @default hidden_act, silu */
  readonly activation?: readonly [key: string, fallback: Activation];
  /** Whose rope it is, where each kind of layer has one. @default one for all */
  readonly layerType?: LayerType;
  /** @default false */
  readonly tiedHead?: boolean;
}

/** What the configs of the family have in common; `causal` is `is_causal`, which transformers 5 reads too. */
export function parseDecoderConfig(
  read: ConfigReader,
  { activation = ["hidden_act", "silu"], tiedHead = false, ...defaults }: DecoderDefaults,
): DecoderConfig {
  const layers = read.layers("num_hidden_layers");
  const heads = read.count("num_attention_heads");
  const keyHeads = read.isNull("num_key_value_heads") ? heads : (defaults.keyHeads ?? heads);
  const bias = read.boolean("attention_bias", false);
  return {
    vocabSize: read.count("vocab_size"),
    hiddenSize: read.count("hidden_size"),
    layers,
    heads,
    keyHeads: read.divisor("num_key_value_heads", "num_attention_heads", keyHeads),
    headWidth: read.headWidth(defaults.headWidth),
    intermediateSize: read.count("intermediate_size"),
    maxPositions: read.count("max_position_embeddings", defaults.maxPositions),
    rmsNormEps: read.number("rms_norm_eps", 1e-6),
    activation: read.choice(activation[0], activationNames, activation[1]),
    inputBias: bias,
    outputBias: bias,
    mlpBias: false,
    headNorms: false,
    rope: parseRope(read, defaults),
    causal: read.boolean("is_causal", true),
    within: Array(layers).fill(Number.POSITIVE_INFINITY),
    attentionDropout: read.rate("attention_dropout", 0),
    tiedHead: read.boolean("tie_word_embeddings", tiedHead),
  };
}

/**
 * How far layers see whose sliding ones have a window of so many tokens. As transformers' masking_utils.py has it, a causal window
 * counts the token itself, and one that is_causal: false turns to both sides does not.
 */
export function withinOf(types: readonly LayerType[], window: number, causal: boolean): number[] {
  const sliding = causal ? window - 1 : window;
  return types.map((type) => (type === "sliding_attention" ? sliding : Number.POSITIVE_INFINITY));
}

/** `last_hidden_state` `[T, hidden_size]`, after the last norm. */
function decoder(config: DecoderConfig, weights: Weights, layout: Layout, dropout: Dropout): Value {
  const { hiddenSize: width, headWidth, rmsNormEps: epsilon } = config;
  const norm = (x: Value, name: string, at: Weights) =>
    rmsNorm(x, at(`${name}.weight`, [width]), { epsilon });
  const rotate = rotationOf(layout, config.rope, headWidth);

  let x = gather(weights(TABLE, ["V", width]), layout.ids);
  for (let i = 0; i < config.layers; i++) {
    const layer = scope(weights, `layers.${i}`);
    const mixed = selfAttention(
      norm(x, "input_layernorm", layer),
      scope(layer, "self_attn"),
      layout,
      config,
      {
        rotate,
        within: config.within[i],
        ...(config.headNorms && {
          headNorm: (heads, weight) => rmsNorm(heads, weight, { epsilon }),
        }),
        dropout,
      },
    );
    x = add(x, mixed);
    const into = norm(x, "post_attention_layernorm", layer);
    x = add(x, gatedMlp(into, scope(layer, "mlp"), config));
  }
  return norm(x, "norm", weights);
}

interface SelfAttention {
  readonly rotate: Rotation;
  /** How many tokens away is seen. */
  readonly within: number;
  /** Norm of the query and key heads `[T, H, K]`, by a weight `[K]` that they share. @default none */
  readonly headNorm?: (heads: Value, weight: Value) => Value;
  /** Factor of the scores. @default 1 / √K */
  readonly scale?: number;
  readonly dropout: Dropout;
}

/** The attention of a layer, grouped and rotated, from its projections to its output: `[T, D] -> [T, D]`. */
export function selfAttention(
  x: Value,
  weights: Weights,
  layout: Layout,
  config: DecoderConfig,
  { rotate, within, headNorm, scale, dropout }: SelfAttention,
): Value {
  const { hiddenSize: width, heads, keyHeads, headWidth, causal, attentionDropout } = config;
  const project = (part: string, count: number) =>
    linear(x, scope(weights, `${part}_proj`), {
      in: width,
      out: count * headWidth,
      bias: config.inputBias,
    });
  const heading = (part: string, count: number) => {
    const rows = project(part, count);
    if (!headNorm) return rotate(rows);
    const weight = weights(`${part}_norm.weight`, [headWidth]);
    const normal = headNorm(reshape(rows, [-1, count, headWidth]), weight);
    return rotate(reshape(normal, [-1, count * headWidth]));
  };
  const [q, k] = [heading("q", heads), heading("k", keyHeads)];
  const context = attention(q, k, project("v", keyHeads), layout, {
    heads,
    keyHeads,
    ...(scale !== undefined && { scale }),
    visible: { causal, within },
    drop: (p, block) => dropout.attention(p, block, attentionDropout),
  });
  const sizes = { in: heads * headWidth, out: width, bias: config.outputBias };
  return linear(context, scope(weights, "o_proj"), sizes);
}

/** `down(act(gate(x)) · up(x))` (Shazeer, arXiv:2002.05202): `[T, D] -> [T, D]`. */
export function gatedMlp(x: Value, weights: Weights, config: DecoderConfig): Value {
  const { hiddenSize: width, intermediateSize: inner, mlpBias: bias } = config;
  const into = { in: width, out: inner, bias };
  const gate = activations[config.activation](linear(x, scope(weights, "gate_proj"), into));
  const gated = mul(gate, linear(x, scope(weights, "up_proj"), into));
  return linear(gated, scope(weights, "down_proj"), { in: inner, out: width, bias });
}

/** What the entries of the family have in common. */
export const decoderEntry = {
  forward: decoder,
  width: ({ hiddenSize }) => hiddenSize,
  maxTokens: ({ maxPositions }) => maxPositions,
  vocabSize: ({ vocabSize }) => vocabSize,
  batches: "packed",
  tables: [TABLE],
  module: "Transformer",
  layers: { prefix: "layers", count: ["num_hidden_layers"] },
  renames: [[/^model\./, ""]],
  kept: /^lm_head\.weight$/,
  copies: ({ tiedHead }) => (tiedHead ? { [HEAD]: TABLE } : {}),
  languageHead: ({ tiedHead }) => (tiedHead ? TABLE : HEAD),
  withAttention: (config, attention) => ({ ...config, is_causal: attention === "causal" }),
  dropped: /(^|\.)rotary_emb\.inv_freq$|^score\./,
} as const satisfies Omit<Architecture<DecoderConfig>, "parseConfig">;
