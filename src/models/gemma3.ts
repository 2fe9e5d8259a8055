/** The text part of Gemma 3 (arXiv:2503.19786) and EmbeddingGemma (arXiv:2509.20354), as transformers' models/gemma3/modeling_gemma3.py computes it. */
import { NearfoldError } from "../errors.ts";
import type { Value } from "../graph/node.ts";
import { add, gather, mul, rmsNorm } from "../graph/ops/index.ts";
import type { Dropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import { type Rope, rotationOf } from "../nn/rope.ts";
import { scope, type Weights } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";
import type { ConfigReader } from "./config.ts";
import {
  type DecoderConfig,
  decoderEntry,
  gatedMlp,
  parseDecoderConfig,
  selfAttention,
  withinOf,
} from "./decoder.ts";
import { type LayerType, parseLayerTypes } from "./layer-types.ts";
import { parseRope } from "./rope-config.ts";

export interface Gemma3Config extends DecoderConfig {
  readonly layerTypes: readonly LayerType[];
  /** Of the sliding layers; `rope` is that of the others. */
  readonly slidingRope: Rope;
  /** Scores are divided by its root. */
  readonly queryPreAttnScalar: number;
  /** Logits of the language model are `c · tanh(logits / c)`; the embeddings know nothing of it. */
  readonly finalLogitSoftcapping?: number;
}

/** Of every `sliding_window_pattern` layers the last sees everything. Both sides are seen where `use_bidirectional_attention` says so. */
function parseGemma3Config(read: ConfigReader): Gemma3Config {
  const common = parseDecoderConfig(read, {
    theta: 1_000_000,
    layerType: "full_attention",
    maxPositions: 131_072,
    keyHeads: 4,
    headWidth: 256,
    activation: ["hidden_activation", "gelu_pytorch_tanh"],
    tiedHead: true,
  });
  read.refuse("attn_logit_softcapping");
  const pattern = read.count("sliding_window_pattern", 6);
  const layerTypes = parseLayerTypes(read, common.layers, (i) => (i + 1) % pattern !== 0);
  const bothSides = read.boolean("use_bidirectional_attention", false);
  const given = layerTypes.includes("sliding_attention")
    ? read.count("sliding_window", read.isNull("sliding_window") ? undefined : 4096)
    : Number.POSITIVE_INFINITY;
  // Half the window to either side, and the token itself.
  const window = bothSides ? Math.floor(given / 2) + 1 : given;
  const slidingRope = parseRope(read, {
    theta: 10_000,
    layerType: "sliding_attention",
    legacyTheta: "rope_local_base_freq",
  });
  return {
    ...common,
    headNorms: true,
    causal: common.causal && !bothSides,
    within: withinOf(layerTypes, window, common.causal),
    layerTypes,
    slidingRope,
    queryPreAttnScalar: read.count("query_pre_attn_scalar", 256),
    ...(read.has("final_logit_softcapping") && {
      finalLogitSoftcapping: read.number("final_logit_softcapping"),
    }),
  };
}

/** `last_hidden_state` `[T, hidden_size]`, after the last norm. */
function gemma3(config: Gemma3Config, weights: Weights, layout: Layout, dropout: Dropout): Value {
  const { hiddenSize: width, headWidth, rmsNormEps: epsilon } = config;
  // Its norms are kept as what they differ from 1.
  const normBy = (x: Value, weight: Value) => rmsNorm(x, add(1, weight), { epsilon });
  const norm = (x: Value, name: string, at: Weights) => normBy(x, at(`${name}.weight`, [width]));
  const rotations = {
    full_attention: rotationOf(layout, config.rope, headWidth),
    sliding_attention: rotationOf(layout, config.slidingRope, headWidth),
  };

  const words = gather(weights("embed_tokens.weight", ["V", width]), layout.ids);
  let x = mul(words, Math.sqrt(width));
  for (let i = 0; i < config.layers; i++) {
    const layer = scope(weights, `layers.${i}`);
    const mixed = selfAttention(
      norm(x, "input_layernorm", layer),
      scope(layer, "self_attn"),
      layout,
      config,
      {
        rotate: rotations[config.layerTypes[i]],
        within: config.within[i],
        headNorm: normBy,
        scale: config.queryPreAttnScalar ** -0.5,
        dropout,
      },
    );
    x = add(x, norm(mixed, "post_attention_layernorm", layer));
    const into = norm(x, "pre_feedforward_layernorm", layer);
    const outer = gatedMlp(into, scope(layer, "mlp"), config);
    x = add(x, norm(outer, "post_feedforward_layernorm", layer));
  }
  return norm(x, "norm", weights);
}

/** What its entry has beside the family's. */
export const gemma3Entry = {
  ...decoderEntry,
  parseConfig: parseGemma3Config,
  forward: gemma3,
  layers: { ...decoderEntry.layers, types: ({ layerTypes }) => layerTypes },
  withAttention: (config, attention) => ({
    ...config,
    // The other switch of attention: with both, the window is one token wider.
    is_causal: true,
    use_bidirectional_attention: attention === "bidirectional",
  }),
  languageHead: (config) => {
    const { finalLogitSoftcapping: got } = config;
    if (got === undefined) return decoderEntry.languageHead(config);
    const what = "a language model whose logits are capped is not built";
    throw new NearfoldError("unsupported", what, {
      got: `final_logit_softcapping ${got}`,
      wanted: "null",
    });
  },
} as const satisfies Architecture<Gemma3Config>;
