/** MPNet (Song et al., arXiv:2004.09297), as transformers' models/mpnet/modeling_mpnet.py computes it. */
import type { Value } from "../graph/node.ts";
import { add, gather, layerNorm } from "../graph/ops/index.ts";
import { type Activation, activationNames, activations } from "../nn/activation.ts";
import { attention } from "../nn/attention.ts";
import type { Dropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import { linear } from "../nn/linear.ts";
import { offsetPositions } from "../nn/offset-positions.ts";
import { relativeBias } from "../nn/relative-bias.ts";
import { scope, type Weights } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";

export interface MpnetConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  readonly layerNormEps: number;
  readonly activation: Activation;
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
}

/** Whatever `pad_token_id` says. */
const PAD_ID = 1;
/** Whatever `relative_attention_num_buckets` says, so that nothing else is taken. */
const BUCKETS = { count: 32, maxDistance: 128 };

function parseMpnetConfig(read: ConfigReader): MpnetConfig {
  read.refuse("relative_attention_num_buckets", BUCKETS.count);
  return {
    vocabSize: read.count("vocab_size"),
    hiddenSize: read.count("hidden_size"),
    layers: read.layers("num_hidden_layers"),
    heads: read.divisor("num_attention_heads", "hidden_size"),
    intermediateSize: read.count("intermediate_size"),
    maxPositions: read.whole("max_position_embeddings", { least: PAD_ID + 2, fallback: 512 }),
    layerNormEps: read.number("layer_norm_eps", 1e-12),
    activation: read.choice("hidden_act", activationNames, "gelu"),
    hiddenDropout: read.rate("hidden_dropout_prob", 0.1),
    attentionDropout: read.rate("attention_probs_dropout_prob", 0.1),
  };
}

/** `last_hidden_state` `[T, hidden_size]`. */
function mpnet(
  config: MpnetConfig,
  weights: Weights,
  layout: Layout,
  { rows: drop, attention: dropAttention }: Dropout,
): Value {
  const { hiddenSize: width, heads, intermediateSize, layerNormEps: epsilon } = config;
  const norm = (x: Value, at: Weights) =>
    layerNorm(x, at("weight", [width]), at("bias", [width]), { epsilon });

  const embeddings = scope(weights, "embeddings");
  const words = gather(embeddings("word_embeddings.weight", ["V", width]), layout.ids);
  const places = embeddings("position_embeddings.weight", [config.maxPositions, width]);
  const sum = add(words, gather(places, offsetPositions(layout, PAD_ID)));
  let x = drop(norm(sum, scope(embeddings, "LayerNorm")), config.hiddenDropout);

  const table = weights("encoder.relative_attention_bias.weight", [BUCKETS.count, heads]);
  const biases = layout.blocks.map(({ mask }) => relativeBias(table, mask, BUCKETS));
  for (let i = 0; i < config.layers; i++) {
    const layer = scope(weights, `encoder.layer.${i}`);
    const project = (part: string, from: Value) =>
      linear(from, scope(layer, `attention.attn.${part}`), { in: width, out: width });
    const context = attention(project("q", x), project("k", x), project("v", x), layout, {
      heads,
      bias: (block) => biases[block],
      drop: (p, block) => dropAttention(p, block, config.attentionDropout),
    });
    const mixed = drop(project("o", context), config.hiddenDropout);
    x = norm(add(mixed, x), scope(layer, "attention.LayerNorm"));

    const inner = activations[config.activation](
      linear(x, scope(layer, "intermediate.dense"), { in: width, out: intermediateSize }),
    );
    const outer = linear(inner, scope(layer, "output.dense"), { in: intermediateSize, out: width });
    x = norm(add(drop(outer, config.hiddenDropout), x), scope(layer, "output.LayerNorm"));
  }
  return x;
}

export const mpnetEntry = {
  parseConfig: parseMpnetConfig,
  forward: mpnet,
  width: ({ hiddenSize }) => hiddenSize,
  maxTokens: ({ maxPositions }) => maxPositions - PAD_ID - 1,
  vocabSize: ({ vocabSize }) => vocabSize,
  batches: "packed",
  tables: ["embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight"],
  module: "Transformer",
  layers: { prefix: "encoder.layer", count: ["num_hidden_layers"] },
  renames: [[/^mpnet\./, ""]],
  kept: /^pooler\./,
  dropped: /^(lm_head|classifier|qa_outputs)\.|^embeddings\.position_ids$/,
} as const satisfies Architecture<MpnetConfig>;
