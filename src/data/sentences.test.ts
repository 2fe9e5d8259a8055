import { expect, test } from "vitest";
import { someSentences } from "./sentences.ts";

const text = (count: number) =>
  Array.from({ length: count }, (_, i) => `This is sentence number ${i}.`).join(" ");
const numbers = (sentences: readonly string[]) =>
  sentences.map((sentence) => Number(/\d+/.exec(sentence)![0]));

test.each<[string, string, number, readonly number[]]>([
  ["all, where there are no more", text(3), 3, [0, 1, 2]],
  ["all, where there are fewer", text(2), 3, [0, 1]],
  ["evenly spaced, the first among them", text(9), 3, [0, 3, 6]],
  ["none of one sentence", text(1), 3, []],
  ["none of nothing", "", 3, []],
  ["none, where none are wanted", text(9), 0, []],
])("%s", (_, all, most, wanted) => {
  expect(numbers(someSentences(all, most))).toEqual(wanted);
});

test("what is too short to say something is left out", () => {
  expect(someSentences(`Yes. No. ${text(2)} 3.`, 9)).toHaveLength(2);
});

test("other scripts end sentences by marks of their own", () => {
  const one = "これはとても長い日本語の文章であり、ここで終わります。";
  expect(someSentences(one + one, 2)).toEqual([one, one]);
});
