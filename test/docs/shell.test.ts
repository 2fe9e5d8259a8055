import { expect, test } from "vitest";
import { strangeLines } from "./excerpt.ts";
import { commandsOf } from "./shell.ts";

test.each<[string, readonly (readonly string[])[]]>([
  ["a b  c", [["a", "b", "c"]]],
  ["a b\n\nc\n", [["a", "b"], ["c"]]],
  ["a \\\n  b\nc", [["a", "b"], ["c"]]],
  ["a 'b \"c\"' \"d 'e'\"", [["a", 'b "c"', "d 'e'"]]],
  ["a --b='c d'e", [["a", "--b=c de"]]],
  ['a "b\nc" d', [["a", "b\nc", "d"]]],
  ["a ''", [["a", ""]]],
])("words of %j", (code, words) => {
  expect(commandsOf(code, "page.md:1")).toEqual(words);
});

test.each(["a | b", "a > b", "a $B", 'a "$B"', "a *.jsonl", "a # b", "a; b", "a 'b", "a \\b"])(
  "%j is more than words",
  (code) => {
    expect(() => commandsOf(code, "page.md:1")).toThrow("page.md:1: more than words");
  },
);

const output = [
  "1200 pairs, 0.3 % of them cut, about 1 min 12 s, 290 MB",
  "measure  model",
  "ndcg@10  0.7345 [0.7074, 0.7605]",
  "p = 0.03",
].join("\n");

test.each<[excerpt: string, strange: readonly string[]]>([
  ["919 pairs, 12.1 % of them cut, about 41 s, 1290 MB", []],
  ["measure             model\n…\np < 0.001", []],
  ["ndcg@10  0.5 [-0.1, 0.9]\n\n", []],
  ["919 pairs, 12.1 % of them cut", ["919 pairs, 12.1 % of them cut"]],
  ["measure  another", ["measure  another"]],
  ["ndcg@11  0.7345 [0.7074, 0.7605]", ["ndcg@11  0.7345 [0.7074, 0.7605]"]],
  ["recall@10  0.7345 [0.7074, 0.7605]", ["recall@10  0.7345 [0.7074, 0.7605]"]],
])("%j beside an output", (excerpt, strange) => {
  expect(strangeLines(excerpt, output)).toEqual(strange);
});
