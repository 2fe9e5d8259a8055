import fc from "fast-check";
import { expect, test } from "vitest";
import { inTransformersJs } from "../../test/transformers-js.ts";
import { NearfoldError } from "../errors.ts";
import { parseTokenizer, trainBpe } from "./index.ts";

const texts = [
  "the cat sat on the mat; the cats sat on the mats",
  "naïve café, 東京 東京 😀😀 don't won't can't 2024 2025",
  "const x = arr.map((y) => y + 1);\n\tconst z = x;\n",
];
const trained = (options = {}) => {
  const { tokenizerJson, tokenizerConfig } = trainBpe(texts, { vocabSize: 320, ...options });
  return parseTokenizer(JSON.stringify(tokenizerJson), JSON.stringify(tokenizerConfig), "trained");
};

test("any text round-trips, and transformers.js gives the same ids", () => {
  const ours = trained({ wrap: false });
  const theirs = inTransformersJs(ours);
  const some = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.constantFrom(...texts));
  fc.assert(
    fc.property(some, (text) => {
      const { ids } = ours.encode(text);
      expect(ours.decode(ids)).toBe(text);
      expect(theirs(text)).toEqual([...ids]);
    }),
    { numRuns: 500 },
  );
});

test("frequent words are one token, and special tokens wrap them", () => {
  const tokenizer = trained();
  const tokens = [...tokenizer.encode("the cat").ids].map((id) => tokenizer.idToToken(id));
  expect(tokens).toEqual(["[CLS]", "the", "Ġcat", "[SEP]"]);
});

test("ids are special tokens, then bytes, then merges without a gap", () => {
  const { tokenizerJson } = trainBpe(texts, { vocabSize: 270 });
  const { vocab, merges } = tokenizerJson.model as {
    vocab: Record<string, number>;
    merges: string[][];
  };
  const tokens = Object.entries(vocab).sort(([, a], [, b]) => a - b);
  expect(tokens.map(([, id]) => id)).toEqual(Array.from({ length: 270 }, (_, i) => i));
  expect(tokens.slice(0, 5).map(([token]) => token)).toEqual([
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
  ]);
  expect(tokens.slice(261).map(([token]) => token)).toEqual(merges.map((merge) => merge.join("")));
});

test("same texts, same bytes, whatever their order", () => {
  const bytes = JSON.stringify(trainBpe(texts, { vocabSize: 400 }));
  expect(JSON.stringify(trainBpe([...texts].reverse(), { vocabSize: 400 }))).toBe(bytes);
});

test.each([
  ["no room for bytes", texts, { vocabSize: 260 }, "at least 261"],
  ["no text", [], {}, "no words"],
  ["a count of half", texts, { minFrequency: 0.5 }, "at least 1"],
  [
    "one special token twice",
    texts,
    { specialTokens: { pad: "<p>", unk: "<u>", cls: "<s>", sep: "<s>", mask: "<m>" } },
    "<s> <s>",
  ],
])("refuses %s", (_, given, options, words) => {
  expect(() => trainBpe(given, options)).toThrow(NearfoldError);
  expect(() => trainBpe(given, options)).toThrow(words);
});
