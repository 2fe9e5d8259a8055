import { describe, expect, test } from "vitest";
import { parseTokenizer, toTokenizer, trainBpe } from "../text/index.ts";
import { tokenizerConfigJson } from "./tokenizer-files.ts";

type Json = Readonly<Record<string, unknown>>;

const specialTokens = { pad: "<pad>", unk: "<unk>", cls: "<s>", sep: "</s>", mask: "<mask>" };
const options = { vocabSize: 300, specialTokens };
const { json } = toTokenizer(trainBpe(["the quick brown fox"], options));

function written(config: Json, file = json): Json {
  const tokenizer = parseTokenizer(file, JSON.stringify(config), "tokenizer.json");
  return JSON.parse(tokenizerConfigJson(tokenizer, 40)) as Json;
}

describe("tokenizer_config.json, for readers that are to give the ids of tokenizer.json", () => {
  test.each<[name: string, config: Json]>([
    ["names the class that takes it as it is", { tokenizer_class: "LlamaTokenizer" }],
    ["needs no code of its own", { auto_map: { AutoTokenizer: ["tokenizer.Tokenizer", null] } }],
    ["leaves special tokens to its template", { add_bos_token: true, add_eos_token: false }],
    ["has the model's limit", { model_max_length: 512 }],
  ])("%s", (_, config) => {
    expect(written({ ...config, eos_token: "</s>", padding_side: "left" })).toEqual({
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: 40,
      pad_token: "<pad>",
      eos_token: "</s>",
      padding_side: "left",
    });
  });

  const { added_tokens, ...bare } = JSON.parse(json) as Json & { added_tokens: Json[] };
  const withSpecial = (...names: readonly string[]) =>
    JSON.stringify({
      ...bare,
      post_processor: null,
      added_tokens: added_tokens.filter(({ content }) => names.includes(content as string)),
    });
  test.each<[name: string, config: Json, special: readonly string[], wanted: unknown]>([
    ["the one it names", { pad_token: "<mask>" }, ["<pad>", "<mask>"], "<mask>"],
    ["the one it names, as an object", { pad_token: { content: "<mask>" } }, [], "<mask>"],
    ["one that is called so", { eos_token: "</s>" }, ["<unk>", "<pad>", "</s>"], "<pad>"],
    ["not one without an id", { pad_token: "<none>", eos_token: "</s>" }, ["</s>"], "</s>"],
    ["the end of a text", { eos_token: { content: "</s>" } }, ["<unk>", "</s>"], "</s>"],
    ["any special token", { eos_token: "q" }, ["<unk>", "<s>"], "<unk>"],
    ["nothing where none is special", {}, [], undefined],
  ])("pads with %s", (_, config, special, wanted) => {
    expect(written(config, withSpecial(...special)).pad_token).toBe(wanted);
  });
});
