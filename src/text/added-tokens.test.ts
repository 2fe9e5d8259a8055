import { expect, test } from "vitest";
import { createSplitter } from "./added-tokens.ts";

const flags = {
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: false,
};
const tokens = [
  { ...flags, id: 5, content: "<L>", lstrip: true },
  { ...flags, id: 6, content: "<R>", rstrip: true },
  { ...flags, id: 7, content: "one", single_word: true },
  { ...flags, id: 9, content: "<LL>" },
  { ...flags, id: 10, content: "a b" },
  { ...flags, id: 11, content: "<L" },
];
const split = createSplitter(tokens.map((token) => [token.content, token]));

// Sections as tokenizers 0.23.3 makes them; an id in parentheses is an added token.
test.each([
  ["", ""],
  ["x", "x"],
  ["x <L> x", "x|(5)| x"],
  ["x<R>  x", "x|(6)|x"],
  ["x<R>  ", "x|(6)"],
  ["  <L><R>", "(5)|(6)"],
  ["one xone one. oneone", "(7)| xone |(7)|. oneone"],
  ["one_ éone", "one_ éone"],
  ["<LL><L><LX", "(9)|(5)|(11)|X"],
  ["xa bx", "x|(10)|x"],
])("%j", (text, sections) => {
  const shown = split(text).map((part) => (typeof part === "string" ? part : `(${part.id})`));
  expect(shown.join("|")).toBe(sections);
});
