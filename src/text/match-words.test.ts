import { expect, test } from "vitest";
import { matchWords } from "./match-words.ts";

const window = 2 ** 20;
const pattern = /\p{L}+| +(?! )|[^\p{L} ]/gu;

test.each([
  ["short", "ab  cd!"],
  ["a word across the border", `${"ab ".repeat(window / 3)}${"cd ".repeat(10)}`],
  ["spaces across the border", `${"a".repeat(window - 2)}${" ".repeat(7)}b`],
  ["a pair across the border", `${"!".repeat(window - 1)}😀 😀`],
])("%s: as text.match", (_, text) => {
  expect(matchWords(text, pattern)).toEqual(text.match(pattern));
});

test("a match longer than the window is cut, and nothing is lost", () => {
  const text = "é".repeat(5 * window + 7);
  const words = matchWords(text, pattern);
  expect(words.map((word) => word.length)).toEqual([...Array(5).fill(window), 7]);
});

test("nothing matches", () => {
  expect(matchWords("!".repeat(window + 1), /\p{L}/gu)).toEqual([]);
});
