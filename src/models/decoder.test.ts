import { describe, expect, test } from "vitest";
import { configReader } from "./config.ts";
import type { DecoderConfig } from "./decoder.ts";
import { languageHeadOf } from "./language-head.ts";
import { architectureOf } from "./registry.ts";

const sizes = {
  vocab_size: 64,
  hidden_size: 32,
  num_hidden_layers: 4,
  num_attention_heads: 8,
  num_key_value_heads: 2,
  intermediate_size: 48,
};

function parse(model_type: string, fields: Record<string, unknown> = {}) {
  const read = configReader({ ...sizes, ...fields }, "config.json");
  return architectureOf(model_type, "config.json").parseConfig(read) as DecoderConfig;
}

const all = Number.POSITIVE_INFINITY;
const slidingThenFull = [
  "sliding_attention",
  "full_attention",
  "sliding_attention",
  "full_attention",
];

/** As transformers' configuration and masking_utils.py have them; what goldens try is not repeated. */
describe("how far the layers see", () => {
  test.each<[model: string, fields: Record<string, unknown>, within: number[]]>([
    ["llama", { sliding_window: 3 }, [all, all, all, all]],
    ["mistral", {}, [4095, 4095, 4095, 4095]],
    ["mistral", { sliding_window: null }, [all, all, all, all]],
    ["mistral", { sliding_window: 3 }, [2, 2, 2, 2]],
    ["qwen3", { sliding_window: 3, max_window_layers: 0 }, [all, all, all, all]],
    ["qwen3", { use_sliding_window: true, max_window_layers: 3 }, [all, all, all, 4095]],
    ["qwen3", { use_sliding_window: true, max_window_layers: 0, sliding_window: 3 }, [2, 2, 2, 2]],
    ["qwen3", { use_sliding_window: true, sliding_window: 3 }, [all, all, all, all]],
    [
      "qwen3",
      { use_sliding_window: true, sliding_window: null, max_window_layers: 0 },
      [all, all, all, all],
    ],
    [
      "qwen3",
      { use_sliding_window: true, sliding_window: 3, layer_types: slidingThenFull },
      [2, all, 2, all],
    ],
    ["gemma3_text", { sliding_window: 8 }, [7, 7, 7, 7]],
    ["gemma3_text", { sliding_window: 8, sliding_window_pattern: 2 }, [7, all, 7, all]],
    ["gemma3_text", { sliding_window: 8, is_causal: false }, [8, 8, 8, 8]],
    ["gemma3_text", { sliding_window: 8, use_bidirectional_attention: true }, [4, 4, 4, 4]],
    [
      "gemma3_text",
      { sliding_window: null, layer_types: Array(4).fill("full_attention") },
      [all, all, all, all],
    ],
  ])("%s %j", (model, fields, within) => {
    expect(parse(model, fields).within).toEqual(within);
  });
});

describe("attention as it is asked for", () => {
  const window = { sliding_window: 8 };
  test.each<[model: string, given: Record<string, unknown>, causal: number, both: number]>([
    ["llama", {}, all, all],
    ["llama", { is_causal: false }, all, all],
    ["mistral", window, 7, 8],
    ["gemma3_text", window, 7, 4],
    ["gemma3_text", { ...window, is_causal: false }, 7, 4],
    ["gemma3_text", { ...window, use_bidirectional_attention: true }, 7, 4],
  ])("%s %j", (model, given, causal, both) => {
    const { withAttention } = architectureOf(model, "m");
    for (const [attention, within] of [
      ["causal", causal],
      ["bidirectional", both],
    ] as const) {
      const found = parse(model, withAttention!(given, attention));
      expect(found.causal).toBe(attention === "causal");
      expect(found.within[0]).toBe(within);
    }
  });
});

describe("heads and biases", () => {
  test.each<[model: string, fields: Record<string, unknown>, found: Partial<DecoderConfig>]>([
    [
      "llama",
      { num_key_value_heads: undefined },
      { keyHeads: 8, headWidth: 4, inputBias: false, mlpBias: false, tiedHead: false },
    ],
    [
      "llama",
      { attention_bias: true, mlp_bias: true },
      { inputBias: true, outputBias: true, mlpBias: true },
    ],
    ["mistral", { num_key_value_heads: null }, { keyHeads: 8 }],
    [
      "mistral",
      { attention_bias: true, mlp_bias: true },
      { inputBias: false, outputBias: false, mlpBias: false },
    ],
    ["qwen3", { num_key_value_heads: null }, { keyHeads: 8, headWidth: 128 }],
    ["qwen3", { mlp_bias: true }, { keyHeads: 2, mlpBias: false }],
    [
      "gemma3_text",
      { num_key_value_heads: undefined },
      { keyHeads: 4, headWidth: 256, tiedHead: true, activation: "gelu_pytorch_tanh" },
    ],
  ])("%s %j", (model, fields, found) => {
    expect(parse(model, fields)).toMatchObject(found);
  });
});

test.each<[model: string, fields: Record<string, unknown>, message: RegExp]>([
  [
    "llama",
    { partial_rotary_factor: 0.5 },
    /"partial_rotary_factor" is not built \(got 0\.5, wanted nothing, or 1\)/,
  ],
  [
    "llama",
    { rope_parameters: { rope_type: "default", partial_rotary_factor: 0.5 } },
    /rope_parameters: .*"partial_rotary_factor"/,
  ],
  [
    "llama",
    { rope_scaling: { type: "dynamic", factor: 2 } },
    /"type" is not usable \(got "dynamic", wanted one of default, linear, llama3\)/,
  ],
  [
    "qwen3",
    { rope_scaling: { rope_type: "yarn", factor: 4 } },
    /"rope_type" is not usable \(got "yarn"/,
  ],
  ["llama", { head_dim: 2 ** 31 - 2 }, /"head_dim" is not usable .*at most 65536/],
  ["llama", { hidden_size: 2 ** 30 }, /"num_attention_heads" is not usable/],
  ["llama", { attention_dropout: 1.5 }, /"attention_dropout" is not usable/],
  ["mistral", { sliding_window: 0 }, /"sliding_window" is not usable \(got 0/],
  [
    "qwen3",
    { layer_types: slidingThenFull },
    /"layer_types" is not usable .*wanted a list of 4 of full_attention\)/,
  ],
  ["qwen3", { layer_types: ["full_attention"] }, /"layer_types".*wanted a list of 4/],
  ["qwen3", { layer_types: Array(4).fill("linear_attention") }, /"layer_types"/],
  [
    "gemma3_text",
    { attn_logit_softcapping: 50 },
    /"attn_logit_softcapping" is not built \(got 50, wanted nothing\)/,
  ],
  ["gemma3_text", { sliding_window: null }, /"sliding_window" is not usable \(got null/],
  ["gemma3_text", { use_bidirectional_attention: "all" }, /"use_bidirectional_attention"/],
  [
    "gemma3",
    {},
    /unknown model_type \(got "gemma3".*save its text part, whose model_type is gemma3_text/,
  ],
  ["qwen3_moe", {}, /unknown model_type \(got "qwen3_moe", wanted one of .*qwen3/],
])("refuses %s %j", (model, fields, message) => {
  expect(() => parse(model, fields)).toThrow(message);
});

describe("the language model's head", () => {
  const model = (
    model_type: string,
    fields: Record<string, unknown>,
    weight?: readonly number[],
  ) => {
    const architecture = architectureOf(model_type, "m");
    const shape = weight ?? [64, 32];
    const tensor = { dtype: "float32", shape, data: new Float32Array(0) } as const;
    const names = ["embed_tokens.weight", ...(weight ? ["lm_head.weight"] : [])];
    const weights = new Map(names.map((name) => [name, tensor]));
    return { name: "m", architecture, config: parse(model_type, fields), weights };
  };

  test.each([
    ["llama", { tie_word_embeddings: true }, undefined, "embed_tokens.weight"],
    ["qwen3", { tie_word_embeddings: false }, [64, 32], "lm_head.weight"],
    ["gemma3_text", {}, undefined, "embed_tokens.weight"],
  ])("%s %j", (type, fields, weight, name) => {
    expect(languageHeadOf(model(type, fields, weight))).toBe(name);
  });

  test.each<[string, Record<string, unknown>, number[] | undefined, RegExp]>([
    ["static", {}, undefined, /has no language model's head/],
    [
      "llama",
      {},
      undefined,
      /not in the folder \(got no such tensor, wanted lm_head\.weight \[64,32\]\)/,
    ],
    ["llama", {}, [63, 32], /got lm_head\.weight \[63,32\]/],
    [
      "gemma3_text",
      { final_logit_softcapping: 30 },
      undefined,
      /capped.*got final_logit_softcapping 30/,
    ],
  ])("refuses %s %j", (type, fields, weight, message) => {
    expect(() => languageHeadOf(model(type, fields, weight))).toThrow(message);
  });
});
