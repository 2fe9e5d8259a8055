/** The decoder that Llama, Mistral and Qwen3 are: pre-norm, grouped queries, rotary positions, a gated MLP. */
import type { Value } from "../graph/node.ts";
import { add, gather, mul, reshape, rmsNorm } from "../graph/ops/index.ts";
import { type Activation, activationNames, activations } from "../nn/activation.ts";
import { attention } from "../nn/attention.ts";
import type { Dropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import { linear } from "../nn/linear.ts";
import { type Rope, rotationOf } from "../nn/rope.ts";
import { scope, type Weights } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";
import { parseRope } from "./rope-config.ts";

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
  /** Tokens that a token sees in each layer, itself among them; Infinity for all. */
  readonly windows: readonly number[];
  readonly attentionDropout: number;
  /** Whether the output head is the table of token embeddings. */
  readonly tiedHead: boolean;
}

interface DecoderDefaults {
  readonly theta: number;
  readonly maxPositions: number;
  readonly keyHeads?: number;
  /** Width of a head where the config says nothing. @default hidden_size / num_attention_heads */
  readonly headWidth?: number;
}

/** What the configs of the family have in common; `causal` is `is_causal`, which transformers 5 reads too. */
export function parseDecoderConfig(
  read: ConfigReader,
  { theta, maxPositions, keyHeads, headWidth }: DecoderDefaults,
): DecoderConfig {
  const layers = read.layers("num_hidden_layers");
  const heads = read.count("num_attention_heads");
  const bias = read.boolean("attention_bias", false);
  return {
    vocabSize: read.count("vocab_size"),
    hiddenSize: read.count("hidden_size"),
    layers,
    heads,
    keyHeads: read.divisor("num_key_value_heads", "num_attention_heads", keyHeads ?? heads),
    headWidth: read.headWidth(headWidth),
    intermediateSize: read.count("intermediate_size"),
    maxPositions: read.count("max_position_embeddings", maxPositions),
    rmsNormEps: read.number("rms_norm_eps", 1e-6),
    activation: read.choice("hidden_act", activationNames, "silu"),
    inputBias: bias,
    outputBias: bias,
    mlpBias: read.boolean("mlp_bias", false),
    headNorms: false,
    rope: parseRope(read, { theta }),
    causal: read.boolean("is_causal", true),
    windows: Array(layers).fill(Number.POSITIVE_INFINITY),
    attentionDropout: read.number("attention_dropout", 0),
    tiedHead: read.boolean("tie_word_embeddings", false),
  };
}

/** `last_hidden_state` `[T, hidden_size]`, after the last norm. */
export function decoder(
  config: DecoderConfig,
  weights: Weights,
  layout: Layout,
  { attention: dropAttention }: Dropout,
): Value {
  const { hiddenSize: width, heads, keyHeads, headWidth, intermediateSize } = config;
  const norm = (x: Value, name: string, at: Weights) =>
    rmsNorm(x, at(`${name}.weight`, [width]), { epsilon: config.rmsNormEps });
  const rotate = rotationOf(layout, config.rope, headWidth);
  const activate = activations[config.activation];

  let x = gather(weights("embed_tokens.weight", ["V", width]), layout.ids);
  for (let i = 0; i < config.layers; i++) {
    const layer = scope(weights, `layers.${i}`);
    const self = scope(layer, "self_attn");
    const normal = norm(x, "input_layernorm", layer);
    const project = (part: string, count: number) =>
      linear(normal, scope(self, `${part}_proj`), {
        in: width,
        out: count * headWidth,
        bias: config.inputBias,
      });
    const heading = (part: string, count: number) => {
      const projected = project(part, count);
      return rotate(
        config.headNorms ? headNorm(projected, scope(self, `${part}_norm`), config) : projected,
      );
    };
    const context = attention(
      heading("q", heads),
      heading("k", keyHeads),
      project("v", keyHeads),
      layout,
      {
        heads,
        keyHeads,
        visible: { causal: config.causal, within: config.windows[i] - 1 },
        drop: (p, block) => dropAttention(p, block, config.attentionDropout),
      },
    );
    const [inner, out] = [heads * headWidth, scope(self, "o_proj")];
    x = add(x, linear(context, out, { in: inner, out: width, bias: config.outputBias }));

    const mlp = scope(layer, "mlp");
    const into = norm(x, "post_attention_layernorm", layer);
    const sizes = { in: width, out: intermediateSize, bias: config.mlpBias };
    const gate = activate(linear(into, scope(mlp, "gate_proj"), sizes));
    const gated = mul(gate, linear(into, scope(mlp, "up_proj"), sizes));
    const down = { in: intermediateSize, out: width, bias: config.mlpBias };
    x = add(x, linear(gated, scope(mlp, "down_proj"), down));
  }
  return norm(x, "norm", weights);
}

/** RMS norm of each head, one weight `[K]` for all of them: `[T, H · K] -> [T, H · K]`. */
function headNorm(x: Value, at: Weights, { headWidth, rmsNormEps }: DecoderConfig): Value {
  const heads = reshape(x, [-1, (x.shape[1] as number) / headWidth, headWidth]);
  const normal = rmsNorm(heads, at("weight", [headWidth]), { epsilon: rmsNormEps });
  return reshape(normal, [-1, x.shape[1] as number]);
}

/** What the entries of the family have in common. */
export const decoderEntry = {
  forward: decoder,
  width: ({ hiddenSize }) => hiddenSize,
  maxTokens: ({ maxPositions }) => maxPositions,
  vocabSize: ({ vocabSize }) => vocabSize,
  batches: "packed",
  tables: ["embed_tokens.weight"],
  module: "Transformer",
  renames: [[/^model\./, ""]],
  kept: /^lm_head\.weight$/,
  dropped: /\.rotary_emb\.inv_freq$|^score\./,
} as const satisfies Omit<Architecture<DecoderConfig>, "parseConfig">;
