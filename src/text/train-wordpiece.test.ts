import fc from "fast-check";
import { expect, test } from "vitest";
import { inTransformersJs } from "../../test/transformers-js.ts";
import { parseTokenizer, type TrainWordPieceOptions, trainWordPiece } from "./index.ts";

const texts = [
  "Returns the Element whose ID matches the given string: getElementById(elementId).",
  "An XMLHttpRequest reads utf8 text; XMLHttpRequestUpload too. Naïve café, 東京.",
  "the element, the elements, the request, the requests, the string, the strings",
];
const trained = (options: TrainWordPieceOptions = {}) => {
  const { tokenizerJson, tokenizerConfig } = trainWordPiece(texts, { vocabSize: 250, ...options });
  return parseTokenizer(JSON.stringify(tokenizerJson), JSON.stringify(tokenizerConfig), "trained");
};
const tokensOf = (text: string, options: TrainWordPieceOptions) => {
  const tokenizer = trained({ wrap: false, ...options });
  return [...tokenizer.encode(text).ids].map((id) => tokenizer.idToToken(id)).join(" ");
};

const identifiers = { splitIdentifiers: true, wholeWords: 1, minFrequency: 1 };
test.each([
  ["getElementById", "get element by id"],
  ["XMLHttpRequest", "xml http request"],
  ["utf8", "utf 8"],
  ["ELEMENT_ID", "element _ id"],
  ["StringÉlement", "string element"],
  ["8utf8Text", "8 utf 8 text"],
  ["café CAFÉ", "cafe cafe"],
])("identifier %s is %s", (text, tokens) => {
  expect(tokensOf(text, identifiers)).toBe(tokens);
});

test.each([
  ["the elements", {}, "the elements"],
  ["theelement", {}, "the ##element"],
  ["The [MASK]", {}, "the [MASK]"],
  ["The", { lowercase: false }, "T ##he"],
  ["request", { wholeWords: 1 }, "request"],
  ["京", {}, "京"],
  ["ж", {}, "[UNK]"],
  ["京", { alphabetSize: 0 }, "[UNK]"],
])("%j with %j is %s", (text, options, tokens) => {
  expect(tokensOf(text, { minFrequency: 1, ...options })).toBe(tokens);
});

test("no ASCII word is unknown, even to the smallest vocabulary", () => {
  for (const [lowercase, smallest] of [
    [true, 109],
    [false, 161],
  ] as const) {
    const tokenizer = trained({ vocabSize: smallest, lowercase });
    expect(tokenizer.vocabSize).toBe(smallest);
    const word = fc.string({ unit: "binary-ascii", maxLength: 100 });
    fc.assert(
      fc.property(word, (text) => {
        expect([...tokenizer.encode(text).ids]).not.toContain(1);
      }),
    );
  }
});

test.each([
  {},
  { splitIdentifiers: true, wholeWords: 0.5 },
  { lowercase: false, wrap: false },
  { splitIdentifiers: true, dropPunctuation: true, wrap: false },
])("with %j transformers.js gives the same ids", (options) => {
  const ours = trained(options);
  const theirs = inTransformersJs(ours);
  const part = fc.oneof(
    fc.constantFrom(...texts, "aB1Cd", "[SEP]", "é", "İ", "ǅx", " "),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const text = parts.join("");
      expect(theirs(text)).toEqual([...ours.encode(text).ids]);
    }),
    { numRuns: 300 },
  );
});

test("same texts, same bytes, whatever their order; a smaller vocabulary is no other's", () => {
  const bytes = JSON.stringify(trainWordPiece(texts, identifiers));
  expect(JSON.stringify(trainWordPiece([...texts].reverse(), identifiers))).toBe(bytes);
  expect(JSON.stringify(trainWordPiece(texts, { ...identifiers, vocabSize: 120 }))).not.toBe(bytes);
});

test("whole words are the most frequent ones, the rest of the room goes to pieces", () => {
  const { tokenizerJson } = trainWordPiece(texts, {
    vocabSize: 150,
    wholeWords: 0.2,
    minFrequency: 1,
  });
  const { vocab } = tokenizerJson.model as { vocab: Record<string, number> };
  const learnt = Object.entries(vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token)
    .slice(-39);
  expect(Object.keys(vocab).length).toBe(150);
  // 39 tokens after special tokens and characters: seven words, then pieces.
  expect(learnt[0]).toBe("the");
  expect(learnt.slice(0, 7).some((token) => token.startsWith("##"))).toBe(false);
  expect(learnt.slice(7).some((token) => token.startsWith("##"))).toBe(true);
});

test("refuses a share above 1", () => {
  expect(() => trainWordPiece(texts, { wholeWords: 2 })).toThrow("0 to 1");
});
