import { expect, test } from "vitest";
import { tinyBert, tinyStatic } from "../../test/tiny-models.ts";
import { parseTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { lowerCased, promptTokensOf } from "./tokenizer-files.ts";

const { tokenizer } = tinyBert();
const withNormalizer = (normalizer: object | null): Tokenizer =>
  parseTokenizer(
    JSON.stringify({ ...(JSON.parse(tokenizer.json) as object), normalizer }),
    tokenizer.config,
    "test",
  );

test.each<[name: string, normalizer: object | null]>([
  ["none", null],
  ["one of another kind", { type: "NFC" }],
  ["several", { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "StripAccents" }] }],
  ["BERT's without it", { type: "BertNormalizer", lowercase: false, clean_text: true }],
])("lower-casing is put before a normalizer: %s", (_, normalizer) => {
  const plain = withNormalizer(normalizer);
  const lower = lowerCased(plain, "test");
  expect(lower.encode("THE LAZY FOX").ids).toEqual(plain.encode("the lazy fox").ids);
  expect(plain.encode("THE LAZY FOX").ids).not.toEqual(plain.encode("the lazy fox").ids);
});

test.each<[name: string, normalizer: object]>([
  ["alone", { type: "Lowercase" }],
  ["among others", { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Lowercase" }] }],
  ["by BERT's", { type: "BertNormalizer", lowercase: true }],
])("a tokenizer that lower-cases is left as it is: %s", (_, normalizer) => {
  const made = withNormalizer(normalizer);
  expect(lowerCased(made, "test")).toBe(made);
});

test.each<[name: string, Tokenizer, prompt: string, limit: number, wanted: number]>([
  ["none", tokenizer, "", 60, 0],
  ["after [CLS]", tokenizer, "the lazy", 60, 3],
  ["longer than the limit", tokenizer, "the lazy fox", 4, 3],
  ["without special tokens", tinyStatic().tokenizer, "the lazy", 60, 2],
])("tokens of a prompt: %s", (_, made, prompt, limit, wanted) => {
  expect(promptTokensOf(made, prompt, limit)).toBe(wanted);
});
