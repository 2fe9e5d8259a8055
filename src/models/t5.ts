/** The encoder of T5 (Raffel et al., arXiv:1910.10683), as transformers' models/t5/modeling_t5.py computes T5EncoderModel. */
import type { Value } from "../graph/node.ts";
import { add, gather, mul, rmsNorm } from "../graph/ops/index.ts";
import { type Activation, activationNames, activations } from "../nn/activation.ts";
import { attention } from "../nn/attention.ts";
import type { Dropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import { linear } from "../nn/linear.ts";
import { type RelativeBuckets, relativeBias } from "../nn/relative-bias.ts";
import { scope, type Weights } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";

export interface T5Config {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly headWidth: number;
  readonly intermediateSize: number;
  readonly layerNormEps: number;
  readonly activation: Activation;
  /** Two projections into the inner layer, one of them the gate (Shazeer, arXiv:2002.05202). */
  readonly gated: boolean;
  readonly buckets: RelativeBuckets;
  readonly dropout: number;
}

/** Buckets lie in a table by distance: no model's are further apart. */
const MOST_DISTANCE = 2 ** 16;

function parseT5Config(file: ConfigReader): T5Config {
  const read = file.spelled({
    d_model: "hidden_size",
    d_kv: "head_dim",
    num_layers: "num_hidden_layers",
    num_heads: "num_attention_heads",
  });
  read.refuse("is_decoder", false);
  const count = read.whole("relative_attention_num_buckets", {
    least: 4,
    most: MOST_DISTANCE,
    fallback: 32,
  });
  const maxDistance = read.whole("relative_attention_max_distance", {
    least: Math.floor(count / 4) + 1,
    most: MOST_DISTANCE,
    fallback: 128,
  });
  return {
    vocabSize: read.count("vocab_size"),
    hiddenSize: read.count("d_model"),
    layers: read.layers("num_layers"),
    heads: read.count("num_heads"),
    headWidth: read.count("d_kv", 64),
    intermediateSize: read.count("d_ff"),
    layerNormEps: read.number("layer_norm_epsilon", 1e-6),
    ...parseFeedForward(read),
    buckets: { count, maxDistance },
    dropout: read.rate("dropout_rate", 0.1),
  };
}

/** `feed_forward_proj`: an activation's name, or `gated-` and a name, of which `gated-gelu` has always meant GELU by tanh. */
function parseFeedForward(read: ConfigReader): Pick<T5Config, "activation" | "gated"> {
  const names = activationNames.flatMap((name) => [name, `gated-${name}` as const]);
  const chosen = read.choice("feed_forward_proj", names, "relu");
  const gated = chosen.startsWith("gated-");
  const name = chosen.replace("gated-", "") as Activation;
  const activation = chosen === "gated-gelu" ? "gelu_new" : name;
  // What transformers derives, and writes beside it.
  read.refuse("is_gated_act", gated);
  read.refuse("dense_act_fn", activation);
  return { activation, gated };
}

/** `last_hidden_state` `[T, d_model]`, after the last norm. */
function t5(
  config: T5Config,
  weights: Weights,
  layout: Layout,
  { rows, attention: dropAttention }: Dropout,
): Value {
  const { hiddenSize: width, heads, headWidth, intermediateSize, buckets } = config;
  const inner = heads * headWidth;
  const drop = (x: Value) => rows(x, config.dropout);
  const norm = (x: Value, at: Weights) =>
    rmsNorm(x, at("weight", [width]), { epsilon: config.layerNormEps });
  const activate = activations[config.activation];

  let x = drop(gather(weights("shared.weight", ["V", width]), layout.ids));
  const encoder = scope(weights, "encoder");
  const place = "block.0.layer.0.SelfAttention.relative_attention_bias.weight";
  const table = encoder(place, [buckets.count, heads]);
  const biases = layout.blocks.map(({ mask }) => relativeBias(table, mask, buckets));
  for (let i = 0; i < config.layers; i++) {
    const [first, second] = [0, 1].map((part) => scope(encoder, `block.${i}.layer.${part}`));
    const self = scope(first, "SelfAttention");
    const normal = norm(x, scope(first, "layer_norm"));
    const project = (part: string) =>
      linear(normal, scope(self, part), { in: width, out: inner, bias: false });
    const context = attention(project("q"), project("k"), project("v"), layout, {
      heads,
      scale: 1,
      bias: (block) => biases[block],
      drop: (p, block) => dropAttention(p, block, config.dropout),
    });
    x = add(x, drop(linear(context, scope(self, "o"), { in: inner, out: width, bias: false })));

    const dense = scope(second, "DenseReluDense");
    const into = norm(x, scope(second, "layer_norm"));
    const widen = (part: string) =>
      linear(into, scope(dense, part), { in: width, out: intermediateSize, bias: false });
    const hidden = config.gated
      ? mul(activate(widen("wi_0")), widen("wi_1"))
      : activate(widen("wi"));
    const down = { in: intermediateSize, out: width, bias: false };
    x = add(x, drop(linear(drop(hidden), scope(dense, "wo"), down)));
  }
  return drop(norm(x, scope(encoder, "final_layer_norm")));
}

export const t5Entry = {
  parseConfig: parseT5Config,
  forward: t5,
  width: ({ hiddenSize }) => hiddenSize,
  maxTokens: () => Number.POSITIVE_INFINITY,
  vocabSize: ({ vocabSize }) => vocabSize,
  batches: "packed",
  tables: ["shared.weight"],
  module: "Transformer",
  layers: {
    prefix: "encoder.block",
    count: ["num_layers", "num_hidden_layers"],
    first: /\.relative_attention_bias\.weight$/,
  },
  renames: [[/^transformer\./, ""]],
  copies: () => ({ "encoder.embed_tokens.weight": "shared.weight" }),
  dropped: /^decoder\.|^(lm_head|classification_head|classifier|qa_outputs)\./,
} as const satisfies Architecture<T5Config>;
