import { expect, test } from "vitest";
import { hasSafePrefixes, IDENTIFIER_BORDERS, PUNCTUATION_MARK, prefixEnd } from "./safe-prefix.ts";
import { checkTokenizerFile } from "./tokenizer-file.ts";

const mark = { type: "Replace", pattern: { String: " " }, content: "▁" };
const borders = { type: "Replace", pattern: { Regex: IDENTIFIER_BORDERS }, content: " " };
const anyRegex = { type: "Replace", pattern: { Regex: "a b" }, content: "c" };
const sequence = (...normalizers: object[]) => ({ type: "Sequence", normalizers });
const drop = { type: "Split", pattern: { Regex: PUNCTUATION_MARK }, behavior: "Removed" };
const words = { type: "BertPreTokenizer" };

test.each([
  ["BERT", { normalizer: { type: "BertNormalizer" }, pre_tokenizer: words }, true, true],
  [
    "identifiers",
    { normalizer: sequence(borders, { type: "Lowercase" }), pre_tokenizer: words },
    true,
    true,
  ],
  ["GPT-2", { pre_tokenizer: { type: "ByteLevel" } }, true, true],
  ["bytes alone", { pre_tokenizer: { type: "ByteLevel", use_regex: false } }, false, false],
  ["Llama", { normalizer: sequence({ type: "Prepend" }, mark) }, true, false],
  ["Metaspace", { pre_tokenizer: { type: "Metaspace" } }, true, true],
  ["Metaspace, whole", { pre_tokenizer: { type: "Metaspace", split: false } }, true, false],
  ["marks, then words", { normalizer: mark, pre_tokenizer: words }, false, false],
  ["punctuation", { pre_tokenizer: { type: "Punctuation" } }, false, false],
  [
    "punctuation left out, then words",
    { pre_tokenizer: { type: "Sequence", pretokenizers: [drop, words] } },
    true,
    true,
  ],
  ["no parts", {}, false, false],
  ["any regex", { normalizer: anyRegex, pre_tokenizer: words }, false, false],
  [
    "any split",
    { pre_tokenizer: { type: "Split", pattern: { Regex: "." }, behavior: "Isolated" } },
    false,
    false,
  ],
  [
    "a token with a space",
    { pre_tokenizer: words, added_tokens: [{ id: 0, content: "a b" }] },
    false,
    false,
  ],
])("%s", (_, parts, whereMarksBegin, elsewhere) => {
  const file = checkTokenizerFile({ model: { vocab: {} }, ...parts }, "here");
  expect([hasSafePrefixes(file, true), hasSafePrefixes(file, false)]).toEqual([
    whereMarksBegin,
    elsewhere,
  ]);
});

test("a prefix ends between two words, and never early", () => {
  expect(prefixEnd("word ".repeat(1000), 10)).toBe(339);
  expect(prefixEnd("word ".repeat(10), 10)).toBe(50);
  expect(prefixEnd("x".repeat(1000), 10)).toBe(1000);
  expect(prefixEnd("1 , ".repeat(1000), 10)).toBe(4000);
  expect(prefixEnd("ab  ".repeat(1000), 10)).toBe(4000);
});
