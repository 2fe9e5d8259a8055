/** What the configs of encoders say, leave out, and may not say. The refusals that any config may meet are in load.test.ts. */
import { describe, expect, test } from "vitest";
import { goldenJson } from "../../test/golden.ts";
import { configReader } from "./config.ts";
import { architectureOf } from "./registry.ts";

type Json = Readonly<Record<string, unknown>>;

function parse(json: Json) {
  const architecture = architectureOf(json.model_type, "config.json");
  const config = architecture.parseConfig(configReader(json, "config.json"));
  return { config, maxTokens: architecture.maxTokens(config) };
}

const golden = (name: string) => goldenJson<Json>(`models/${name}/config`);
const bertSizes = {
  vocab_size: 512,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 64,
};
const sizes = { vocabSize: 512, hiddenSize: 32, heads: 4, intermediateSize: 64 };
const bertDropout = { hiddenDropout: 0.1, attentionDropout: 0.1 };
const bert = { ...sizes, layers: 2, maxPositions: 512, layerNormEps: 1e-12, activation: "gelu" };

/** The defaults of transformers 5.23, models/NAME/configuration_NAME.py. */
test.each<[string, Json, number, Json]>([
  ["bert", bertSizes, 512, { ...bert, ...bertDropout, typeVocabSize: 2 }],
  ["roberta", bertSizes, 510, { ...bert, ...bertDropout, typeVocabSize: 2, padId: 1 }],
  ["xlm-roberta", bertSizes, 510, { ...bert, ...bertDropout, typeVocabSize: 2, padId: 1 }],
  ["mpnet", bertSizes, 510, { ...bert, ...bertDropout }],
  [
    "distilbert",
    { vocab_size: 512, dim: 32, n_layers: 2, n_heads: 4, hidden_dim: 64 },
    512,
    {
      ...sizes,
      layers: 2,
      maxPositions: 512,
      activation: "gelu",
      dropout: 0.1,
      attentionDropout: 0.1,
    },
  ],
  [
    "nomic_bert",
    bertSizes,
    2048,
    {
      ...sizes,
      layers: 2,
      headWidth: 8,
      maxPositions: 2048,
      typeVocabSize: 2,
      layerNormEps: 1e-12,
      activation: "silu",
      rope: { theta: 1000 },
      hiddenDropout: 0,
      attentionDropout: 0,
    },
  ],
  [
    "modernbert",
    bertSizes,
    8192,
    {
      ...sizes,
      maxPositions: 8192,
      normEps: 1e-5,
      normBias: false,
      attentionBias: false,
      mlpBias: false,
      activation: "gelu",
      layerTypes: ["full_attention", "sliding_attention"],
      ropes: { full_attention: { theta: 160_000 }, sliding_attention: { theta: 10_000 } },
      reach: 64,
      embeddingDropout: 0,
      attentionDropout: 0,
      mlpDropout: 0,
    },
  ],
  [
    "t5",
    { vocab_size: 512, d_model: 32, num_layers: 2, num_heads: 4, d_ff: 64 },
    Number.POSITIVE_INFINITY,
    {
      ...sizes,
      layers: 2,
      headWidth: 64,
      layerNormEps: 1e-6,
      activation: "relu",
      gated: false,
      buckets: { count: 32, maxDistance: 128 },
      dropout: 0.1,
    },
  ],
])("%s without what may be left out", (model_type, json, maxTokens, config) => {
  expect(parse({ model_type, ...json })).toEqual({ config, maxTokens });
});

describe("other spellings", () => {
  const hub = {
    model_type: "nomic_bert",
    vocab_size: 512,
    n_embd: 32,
    n_layer: 2,
    n_head: 4,
    n_inner: 64,
    n_positions: 8192,
    max_trained_positions: 2048,
    layer_norm_epsilon: 1e-12,
    activation_function: "swiglu",
    rotary_emb_base: 1000,
    rotary_emb_fraction: 1,
    rotary_emb_interleaved: false,
    rotary_emb_scale_base: null,
    rotary_scaling_factor: null,
    prenorm: false,
    parallel_block: false,
    use_rms_norm: false,
    causal: false,
    qkv_proj_bias: false,
    mlp_fc1_bias: false,
    mlp_fc2_bias: false,
    attn_pdrop: 0,
    embd_pdrop: 0,
    resid_pdrop: 0,
    type_vocab_size: 2,
  };

  test("Nomic BERT on the Hub, by itself or beside transformers' own", () => {
    const { config } = parse(golden("nomic-bert"));
    expect(parse(hub)).toEqual({
      config: { ...(config as object), maxPositions: 8192 },
      maxTokens: 8192,
    });
    expect(parse({ ...golden("nomic-bert"), ...hub })).toEqual(parse(hub));
  });

  test("ModernBERT's bases, in part where they are now and in part where they were", () => {
    const sliding_attention = { rope_type: "default", rope_theta: 7 };
    const rope_parameters = { full_attention: { rope_type: "default" }, sliding_attention };
    const json = { ...golden("modernbert"), rope_parameters, global_rope_theta: 9 };
    expect(parse(json).config).toMatchObject({
      ropes: { full_attention: { theta: 9 }, sliding_attention: { theta: 7 } },
    });
  });

  test("Nomic BERT that rotates long texts by the length of their batch: only as far as it need not", () => {
    expect(parse({ ...hub, rotary_scaling_factor: 2 }).maxTokens).toBe(2048);
  });

  test.each<[string, Json, Json]>([
    [
      "distilbert",
      { dim: null, n_layers: null, n_heads: null },
      { hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4 },
    ],
    [
      "t5-gated",
      { d_model: null, d_kv: null, num_layers: null, num_heads: null },
      { hidden_size: 32, head_dim: 12, num_hidden_layers: 2, num_attention_heads: 4 },
    ],
  ])("%s by the names that transformers has for all models", (name, without, other) => {
    expect(parse({ ...golden(name), ...without, ...other })).toEqual(parse(golden(name)));
  });
});

test.each<[string, Json, string, RegExp]>([
  ["bert", { position_embedding_type: "relative_key" }, "unsupported", /"position_embedding_type"/],
  ["bert", { is_decoder: true }, "unsupported", /"is_decoder".*got true, wanted nothing, or false/],
  ["bert", { hidden_dropout_prob: 1 }, "bad-input", /"hidden_dropout_prob".*from 0 to below 1/],
  ["roberta", { is_decoder: true }, "unsupported", /"is_decoder"/],
  ["roberta", { pad_token_id: 65 }, "bad-input", /"pad_token_id".*got 65.*from 0 to 64/],
  ["roberta", { pad_token_id: -1 }, "bad-input", /"pad_token_id"/],
  ["xlm-roberta", { max_position_embeddings: 2 }, "bad-input", /"pad_token_id".*from 0 to 0/],
  ["mpnet", { relative_attention_num_buckets: 16 }, "unsupported", /num_buckets".*or 32/],
  ["mpnet", { max_position_embeddings: 2 }, "bad-input", /"max_position_embeddings".*at least 3/],
  ["distilbert", { n_heads: 5 }, "bad-input", /"n_heads".*a divisor of dim, which is 32/],
  [
    "distilbert",
    { hidden_size: 64 },
    "bad-input",
    /"dim" is not usable \(got 32, wanted 64, as "hidden_size" says\)/,
  ],
  ["distilbert", { activation: "tanhshrink" }, "bad-input", /"activation"/],
  ["nomic-bert", { n_head: 4, n_embd: 48 }, "bad-input", /"hidden_size".*got 32, wanted 48/],
  ["nomic-bert", { rotary_emb_base: 10_000 }, "unsupported", /"rotary_emb_base".*or 1000/],
  ["nomic-bert", { rotary_emb_fraction: 0.5 }, "unsupported", /"rotary_emb_fraction"/],
  ["nomic-bert", { rotary_emb_scale_base: 512 }, "unsupported", /"rotary_emb_scale_base"/],
  ["nomic-bert", { rotary_emb_interleaved: true }, "unsupported", /"rotary_emb_interleaved"/],
  ["nomic-bert", { qkv_proj_bias: true }, "unsupported", /"qkv_proj_bias"/],
  ["nomic-bert", { prenorm: true }, "unsupported", /"prenorm"/],
  ["nomic-bert", { moe_every_n_layers: 2 }, "unsupported", /"moe_every_n_layers"/],
  ["nomic-bert", { activation_function: "gelu" }, "bad-input", /"activation_function".*swiglu/],
  ["nomic-bert", { activation_function: "geglu" }, "unsupported", /"hidden_act".*got "silu"/],
  ["modernbert", { layer_types: ["full_attention"] }, "bad-input", /"layer_types".*a list of 4/],
  ["modernbert", { head_dim: 16 }, "unsupported", /"head_dim".*or 8/],
  ["modernbert", { num_attention_heads: 32 }, "bad-input", /"num_attention_heads".*even width/],
  ["modernbert", { rope_scaling: { factor: 2 } }, "unsupported", /"rope_scaling"/],
  [
    "modernbert",
    { rope_parameters: { rope_theta: 5 } },
    "unsupported",
    /rope_parameters.*"rope_theta"/,
  ],
  ["modernbert", { norm_bias: "yes" }, "bad-input", /"norm_bias".*true or false/],
  ["modernbert", { global_attn_every_n_layers: 0 }, "bad-input", /"global_attn_every_n_layers"/],
  ["t5", { is_decoder: true }, "unsupported", /"is_decoder"/],
  ["t5", { feed_forward_proj: "gated-mish" }, "bad-input", /"feed_forward_proj"/],
  ["t5", { is_gated_act: true }, "unsupported", /"is_gated_act".*or false/],
  ["t5-gated", { dense_act_fn: "relu" }, "unsupported", /"dense_act_fn".*or gelu_new/],
  ["t5", { relative_attention_num_buckets: 3 }, "bad-input", /num_buckets".*from 4/],
  ["t5", { relative_attention_max_distance: 8 }, "bad-input", /max_distance".*from 9/],
  ["t5", { relative_attention_max_distance: 1e9 }, "bad-input", /max_distance"/],
])("%s with %o is refused", (name, change, code, message) => {
  const read = () => parse({ ...golden(name), ...change });
  expect(read).toThrow(expect.objectContaining({ code }));
  expect(read).toThrow(message);
});
