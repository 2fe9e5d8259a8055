import { expect, test } from "vitest";
import { createPreTokenizer } from "./pre-tokenizer.ts";

// Words as tokenizers 0.23.3 gives them (pre_tokenize_str).
test.each([
  ["Whitespace", {}, "café x² 3,14 a_b\u0085c\uFEFFd", "café|x|²|3|,|14|a_b|c|\uFEFF|d"],
  ["WhitespaceSplit", {}, "a\u0085b\uFEFFc d", "a|b\uFEFFc|d"],
  ["Digits", { individual_digits: true }, "x½2٣y10", "x|½|2|٣|y|1|0"],
  ["Digits", { individual_digits: false }, "x½2٣y10", "x|½2٣|y|10"],
  ["Punctuation", {}, "a,,b¿c$", "a|,|,|b|¿|c|$"],
  ["Punctuation", { behavior: "Contiguous" }, "a,,b¿c$", "a|,,|b|¿|c|$"],
  ["Punctuation", { behavior: "Removed" }, "a,,b¿c$", "a|b|c"],
  ["BertPreTokenizer", {}, "a\u0085b,c²«d»\uFEFFe", "a|b|,|c²|«|d|»|\uFEFFe"],
  ["Metaspace", {}, " a  b c", "▁a|▁|▁b|▁c"],
  ["Metaspace", { prepend_scheme: "never" }, "a b", "a|▁b"],
  ["Metaspace", { split: false }, "a b", "▁a▁b"],
  ["ByteLevel", {}, "it's  2x\n é\u0085b", "it|'s|Ġ|Ġ2|x|Ċ|ĠÃ©|Âħ|b"],
  ["ByteLevel", { add_prefix_space: true }, "a b", "Ġa|Ġb"],
  ["ByteLevel", { use_regex: false }, "a b", "aĠb"],
])("%s %j", (type, options, text, words) => {
  expect(createPreTokenizer({ type, ...options })(text, 0).join("|")).toBe(words);
});

test("a sequence splits what its first member left whole", () => {
  const pretokenizers = [{ type: "WhitespaceSplit" }, { type: "Digits", individual_digits: true }];
  expect(createPreTokenizer({ type: "Sequence", pretokenizers })("ab12 3", 0)).toEqual([
    "ab",
    "1",
    "2",
    "3",
  ]);
});

test("Metaspace prepends to the first section alone where it is told so", () => {
  const preTokenize = createPreTokenizer({ type: "Metaspace", prepend_scheme: "first" });
  expect([preTokenize("a", 0), preTokenize("a", 1)]).toEqual([["▁a"], ["a"]]);
});
