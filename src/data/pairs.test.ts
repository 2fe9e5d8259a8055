import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { skips } from "./lines.ts";
import { parsePairs, readPairs, readRows } from "./pairs.ts";
import { parseRows, type Row } from "./row.ts";

const pair = (anchor: string, positive: string, ...negatives: string[]) => ({
  anchor,
  positive,
  negatives,
});

describe("parsePairs takes", () => {
  it.each<[string, unknown, unknown[]]>([
    ["anchor, positive", { anchor: "a", positive: "b" }, [pair("a", "b")]],
    ["one negative", { anchor: "a", positive: "b", negative: "c" }, [pair("a", "b", "c")]],
    ["several", { anchor: "a", positive: "b", negatives: ["c", "d"] }, [pair("a", "b", "c", "d")]],
    [
      "numbered ones",
      { query: "a", answer: "b", negative_1: "c", negative_2: "d" },
      [pair("a", "b", "c", "d")],
    ],
    [
      "lists of FlagEmbedding",
      { query: "a", pos: ["b", "c"], neg: ["d"] },
      [pair("a", "b", "d"), pair("a", "c", "d")],
    ],
    ["query, document", { query: "a", document: "b" }, [pair("a", "b")]],
    [
      "null for none",
      { anchor: "a", positive: "b", negative: null, query: null },
      [pair("a", "b")],
    ],
    ["other fields", { anchor: "a", positive: "b", id: 7 }, [pair("a", "b")]],
    ["two columns", ["a", "b"], [pair("a", "b")]],
    ["four columns", ["a", "b", "c", "d"], [pair("a", "b", "c", "d")]],
  ])("%s", (_, row, pairs) => {
    expect(parsePairs(row, "x:1")).toEqual(pairs);
  });
});

describe("parseRows takes", () => {
  it.each([
    ["a text and its class", { text: "a", label: "greeting" }, { anchor: "a", label: "greeting" }],
    ["a class as a number", { text: "a", label: 3 }, { anchor: "a", label: 3 }],
    [
      "scored sentences",
      { sentence1: "a", sentence2: "b", score: 4.5 },
      { anchor: "a", positive: "b", label: 4.5 },
    ],
    ["a number in a table", { text: "a", label: " 2.5 " }, { anchor: "a", label: 2.5 }],
    [
      "a teacher's scores",
      { query: "a", pos: "b", neg: ["c"], scores: [0.9, 0.1] },
      { anchor: "a", positive: "b", negatives: ["c"], label: [0.9, 0.1] },
    ],
  ])("%s", (_, row, wanted) => {
    expect(parseRows(row, "x:1")).toEqual([{ negatives: [], ...wanted }]);
  });

  it.each([{}, [], [1, "x"], [Number.NaN], true, " "])("but no label %j", (label) => {
    expect(() => parseRows({ text: "a", label }, "x:1")).toThrow(/x:1: "label" is no label/);
  });
});

describe("parsePairs refuses", () => {
  it.each<[string, unknown, RegExp]>([
    [
      "an empty side",
      { anchor: " ", positive: "b" },
      /^x:1: "anchor" is empty \(wanted some text\)$/,
    ],
    ["an empty negative", { anchor: "a", positive: "b", neg: ["c", ""] }, /^x:1: "neg" is empty/],
    [
      "no positive",
      { anchor: "a", positiv: "b" },
      /^x:1: no positive \(got an object with "anchor", "positiv", wanted/,
    ],
    ["an empty list", { query: "a", pos: [] }, /^x:1: "pos" is an empty list/],
    [
      "a number",
      { anchor: "a", positive: 3 },
      /^x:1: "positive" is not a text \(got 3, wanted a string\)$/,
    ],
    ["two spellings", { anchor: "a", query: "b", positive: "c" }, /^x:1: two fields mean the same/],
    [
      "negatives twice",
      { anchor: "a", positive: "b", neg: "c", negative_1: "d" },
      /^x:1: two fields mean/,
    ],
    ["one column", ["a"], /^x:1: too few columns/],
    ["a string", "a", /^x:1: not an object/],
    ["null", null, /^x:1: not an object \(got null/],
    [
      "a long text",
      { anchor: "a".repeat(11), positive: "b" },
      /^x:1: "anchor" is too long \(got 11 characters, wanted at most 10\)$/,
    ],
  ])("%s", (_, row, message) => {
    expect(() => parsePairs(row, "x:1", { maxCharacters: 10 })).toThrow(message);
  });
});

describe("readPairs reads", () => {
  it.each<[string, string, string, unknown[]]>([
    [
      "JSON lines",
      "p.jsonl",
      '{"anchor": "a", "positive": "b"}\n["c", "d"]\n',
      [pair("a", "b"), pair("c", "d")],
    ],
    ["columns", "p.tsv", "a\tb\nc\td\te\n", [pair("a", "b"), pair("c", "d", "e")]],
    ["named columns", "p.TSV", "Positive\tAnchor\tnegative\r\nb\ta\tc\r\n", [pair("a", "b", "c")]],
    [
      "numbered columns",
      "p.tsv",
      "query\tpos\tnegative_1\tnegative_2\na\tb\tc\td\n",
      [pair("a", "b", "c", "d")],
    ],
  ])("%s", async (_, name, content, pairs) => {
    await using folder = await temporaryFolder();
    expect(await Array.fromAsync(readPairs(await folder.write(name, content)))).toEqual(pairs);
  });

  it.each<[string, string, string, RegExp]>([
    [
      "another extension",
      "p.csv",
      "a,b\n",
      /p.csv: not a kind of pair file.*\.csv, wanted \.jsonl/,
    ],
    ["an empty side", "p.jsonl", '["a", "b"]\n["", "b"]\n', /p.jsonl:2: "anchor" is empty/],
    ["one column", "p.tsv", "a\tb\nc\n", /p.tsv:2: too few columns/],
    ["a missing column", "p.tsv", "anchor\tpositive\nc\n", /p.tsv:2: another number of columns/],
    ["names alone", "p.tsv", "anchor\tpositive\n", /p.tsv: the file is empty/],
    ["nothing", "p.jsonl", "", /p.jsonl: the file is empty/],
  ])("but not %s", async (_, name, content, message) => {
    await using folder = await temporaryFolder();
    const path = await folder.write(name, content);
    await expect(Array.fromAsync(readPairs(path))).rejects.toThrow(message);
  });

  it("a text of 10 MB is an error, or left out and counted", async () => {
    await using folder = await temporaryFolder();
    const long = JSON.stringify(["a", "b".repeat(10_000_000)]);
    const path = await folder.write("p.jsonl", `["a", "b"]\n${long}\n["c", "d"]\n`);
    await expect(Array.fromAsync(readPairs(path))).rejects.toThrow(
      /p.jsonl:2: "positive" is too long/,
    );
    const bad = skips();
    const pairs = await Array.fromAsync(readPairs(path, { onBad: bad.onBad }));
    expect([pairs.length, bad.count]).toEqual([2, 1]);
  });
});

it("rows may be labelled texts, and a caller's check refuses a row as any other mistake in it", async () => {
  await using folder = await temporaryFolder();
  const path = await folder.write("r.tsv", "text\tlabel\na\tcat\nb\t2\nc\tdog\n");
  const row = (anchor: string, label: number | string) => ({ anchor, negatives: [], label });
  const rows = [row("a", "cat"), row("b", 2), row("c", "dog")];
  expect(await Array.fromAsync(readRows(path))).toEqual(rows);
  const check = ({ label }: Row, at: string) => {
    if (typeof label !== "string") throw new NearfoldError("bad-input", "no name", { at });
  };
  await expect(Array.fromAsync(readRows(path, { check }))).rejects.toThrow(/r.tsv:3: no name/);
  const bad = skips();
  const left = await Array.fromAsync(readRows(path, { check, onBad: bad.onBad }));
  expect([left, bad.count]).toEqual([[rows[0], rows[2]], 1]);
});

it("any JSON value gives pairs with no empty side, or an error of ours", () => {
  const names = fc.constantFrom(
    "anchor",
    "query",
    "positive",
    "pos",
    "neg",
    "negative_1",
    "negatives",
  );
  const value = fc.oneof(fc.string(), fc.array(fc.string()), fc.jsonValue());
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(names, value)), (row) => {
      try {
        for (const { anchor, positive, negatives } of parsePairs(row, "x:1")) {
          for (const text of [anchor, positive, ...negatives]) expect(text.trim()).not.toBe("");
        }
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
      }
    }),
    { numRuns: 2000 },
  );
});
