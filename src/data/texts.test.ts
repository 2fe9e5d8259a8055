import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { parseTexts, readTexts } from "./texts.ts";

const [query, document] = (["query", "document"] as const).map((role) => (text: string) => ({
  text,
  role,
}));

test.each([
  ["a string", "a", [document("a")]],
  ["a text", { text: "a" }, [document("a")]],
  ["a labelled text", { text: "a", label: 3 }, [document("a")]],
  ["a document", { _id: "1", title: "t", text: "a" }, [document("t a")]],
  ["an empty document", { _id: "1", title: "", text: "" }, []],
  ["a pair", { anchor: "a", positive: "b" }, [query("a"), document("b")]],
  ["a question", { query: "a", document: "b" }, [query("a"), document("b")]],
  [
    "hard negatives",
    { anchor: "a", positive: "b", negatives: ["c", "d"] },
    [query("a"), document("b"), document("c"), document("d")],
  ],
  ["scored sentences", { sentence1: "a", sentence2: "b", score: 1 }, [query("a"), document("b")]],
  ["a list", ["a", "b"], [query("a"), document("b")]],
])("%s", (_, value, wanted) => {
  expect(parseTexts(value, "x:1")).toEqual(wanted);
});

test.each([
  ["a number", 3, /x:1: not an object/],
  ["nothing known", { words: "a" }, /x:1: no anchor/],
  ["an empty string", " ", /"text" is empty/],
])("%s is refused", (_, value, message) => {
  expect(() => parseTexts(value, "x:1")).toThrow(message);
});

test("any JSON gives texts or an error of ours", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        for (const { text } of parseTexts(value, "x:1")) expect(text).toBeTypeOf("string");
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
      }
    }),
    { numRuns: 500 },
  );
});

describe("files", () => {
  test.each([
    ["a.txt", "one\ntwo\n", [document("one"), document("two")]],
    ["a.jsonl", '{"text": "one"}\n"two"\n', [document("one"), document("two")]],
    ["a.tsv", "query\tdocument\none\ttwo\n", [query("one"), document("two")]],
  ])("%s", async (name, content, wanted) => {
    await using folder = await temporaryFolder();
    const path = await folder.write(name, content);
    expect(await Array.fromAsync(readTexts(path))).toEqual(wanted);
  });
});
