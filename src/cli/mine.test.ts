import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyStatic } from "../../test/tiny-models.ts";
import { readPairs } from "../data/index.ts";
import { saveModel } from "../models/save.ts";

const colours = ["red", "green", "blue", "white"];
const things = ["cat", "house", "river", "stone", "bird"];
const pairs = colours.flatMap((colour) =>
  things.map((thing) => ({
    anchor: `which ${thing} is ${colour}`,
    positive: `the ${colour} ${thing}`,
  })),
);
const corpus = [
  ...pairs.map(({ positive }, i) => ({ _id: `d${i}`, title: "", text: positive })),
  { _id: "blank", title: " ", text: "" },
  ...["which cat is it", "a lamp"].map((text, i) => ({ _id: `more${i}`, title: "more", text })),
];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: readonly string[]) => join(folder.path, ...names);
const any = ["--no-relative-margin"];

async function mined(...argv: readonly string[]) {
  const ran = await nearfold([
    "mine",
    at("model"),
    at("pairs.jsonl"),
    "--out",
    at("mined.jsonl"),
    ...argv,
  ]);
  expect(ran.err).not.toContain("error:");
  const text = await readFile(at("mined.jsonl"), "utf8");
  const rows = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { ...ran, rows };
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await Promise.all([
    saveModel(at("model"), tinyStatic()),
    saveModel(at("other"), { ...tinyStatic(), prompts: { query: "", document: "" } }),
    folder.write("pairs.jsonl", jsonl(pairs)),
    folder.write("corpus.jsonl", jsonl(corpus)),
    folder.write("blank.jsonl", jsonl([{ text: " " }])),
    folder.write("empty.jsonl", ""),
    folder.write("alone.jsonl", jsonl(pairs.slice(0, 1))),
    folder.write("broken.jsonl", `${jsonl(corpus)}\n{"text":`),
  ]);
  for (const model of ["model", "other"]) {
    const argv = [
      "index",
      at("corpus.jsonl"),
      "--model",
      at(model),
      "--store",
      at(`index-${model}`),
    ];
    expect(await nearfold(argv)).toMatchObject({ code: 0 });
  }
});
afterAll(() => folder[Symbol.asyncDispose]());

describe("mine", () => {
  it("writes what train reads, and says what it left out", async () => {
    const { code, rows, out, err } = await mined("--negatives", "2", ...any);
    expect(code).toBe(0);
    expect(rows).toHaveLength(pairs.length);
    const read = await Array.fromAsync(readPairs(at("mined.jsonl")));
    expect(read).toEqual(rows);
    const positives = new Set(pairs.map(({ positive }) => positive));
    for (const { positive, negatives, ...rest } of read) {
      expect(negatives).toHaveLength(2);
      expect(new Set([positive, ...negatives]).size).toBe(3);
      expect(positives.isSupersetOf(new Set(negatives))).toBe(true);
      expect(Object.keys(rest)).toEqual(["anchor"]);
    }
    expect(out).toContain("mined.jsonl holds 20 of 20 pairs, with 2 negatives each");
    expect(out).toMatch(/a known positive +20/);
    expect(out).toMatch(/^negatives +-?\d\.\d{3} /m);
    expect(err).toContain("encoding anchors: 20/20 anchors");
    expect(err).toContain("choosing negatives: 20/20 anchors");
    const train = [
      "train",
      at("mined.jsonl"),
      "--base",
      at("model"),
      "--out",
      at("tuned"),
      "--epochs",
      "1",
    ];
    expect(await nearfold(train)).toMatchObject({ code: 0 });
  });

  it("takes the same from a corpus, a BEIR folder and an index; scores on demand", async () => {
    const argv = ["--scores", "--negatives", "4", ...any];
    const { rows, err } = await mined(...argv, "--corpus", at("corpus.jsonl"));
    expect(err).toContain("encoding the corpus: 22/22 documents");
    expect(rows.flatMap(({ negatives }) => negatives)).toContain("more which cat is it");
    for (const { scores } of rows) {
      expect(scores).toHaveLength(5);
      expect(scores.slice(1)).toEqual(scores.slice(1).toSorted((a: number, b: number) => b - a));
    }
    expect((await mined(...argv, "--corpus", folder.path)).rows).toEqual(rows);
    const indexed = await mined(...argv, "--index", at("index-model"));
    expect(indexed.rows.map(({ negatives }) => negatives)).toEqual(
      rows.map(({ negatives }) => negatives),
    );
    expect(indexed.rows.flatMap(({ scores }) => scores)).toBeClose(
      rows.flatMap(({ scores }) => scores),
      { atol: 2e-6 },
    );
  });

  it("leaves out pairs that find too few, and says so; a person sees the likely matches", async () => {
    const { rows, out } = await mined("--relative-margin", "0.5", "--negatives", "1", "--json");
    const report = JSON.parse(out);
    expect(report).toMatchObject({
      pairs: 20,
      anchors: 20,
      mined: rows.length,
      short: 20 - rows.length,
    });
    expect(report.dropped.relativeMargin).toBeGreaterThan(0);
    expect(report.falseNegatives[0]).toMatchObject({ reason: "relativeMargin" });
    const { score, positiveScore } = report.falseNegatives[0];
    expect(score).toBeGreaterThan(positiveScore * 0.5);
    const said = await mined("--relative-margin", "0.5", "--negatives", "1");
    expect(said.out).toContain("look at them");
    expect(said.out).toContain("its positive: the ");
  });

  it("a sample is the seed's", async () => {
    const argv = ["--sampling", "random", "--range-max", "15", ...any];
    const { rows } = await mined(...argv);
    expect((await mined(...argv)).rows).toEqual(rows);
    expect((await mined(...argv, "--seed", "1")).rows).not.toEqual(rows);
  });
});

describe("a mistake is one clear line, and nothing is written", () => {
  const mine = (...argv: readonly string[]) => ["mine", at("model"), at("pairs.jsonl"), ...argv];
  const out = () => ["--out", at("never.jsonl")];
  it.each<[string, () => readonly string[], string]>([
    ["no --out", () => mine(), "required option '--out <file>'"],
    [
      "another kind of output",
      () => mine("--out", at("never.tsv")),
      "never.tsv: not a kind of file for pairs (wanted .jsonl)",
    ],
    [
      "the pairs themselves",
      () => mine("--out", at("pairs.jsonl")),
      "--out: this file is to be read",
    ],
    [
      "two places to choose from",
      () => mine(...out(), "--corpus", "a", "--index", "b"),
      "cannot be used with",
    ],
    [
      "no corpus",
      () => mine(...out(), "--corpus", at("none.jsonl")),
      "none.jsonl: there is no such file",
    ],
    [
      "a folder without a corpus",
      () => mine(...out(), "--corpus", at("model")),
      "corpus.jsonl: there is no such file",
    ],
    [
      "an empty corpus",
      () => mine(...out(), "--corpus", at("empty.jsonl")),
      "empty.jsonl: the file is empty",
    ],
    [
      "a blank corpus",
      () => mine(...out(), "--corpus", at("blank.jsonl")),
      "blank.jsonl: every document is blank",
    ],
    [
      "a corpus cut short",
      () => mine(...out(), "--corpus", at("broken.jsonl")),
      "broken.jsonl:24: not JSON",
    ],
    [
      "no pairs",
      () => ["mine", at("model"), at("empty.jsonl"), ...out()],
      "empty.jsonl: the file is empty",
    ],
    [
      "no index",
      () => mine(...out(), "--index", at("model")),
      "there is no index here (got a model)",
    ],
    [
      "an index of another model",
      () => mine(...out(), "--index", at("index-other")),
      "these vectors are of another space",
    ],
    ["no model", () => ["mine", at("none"), at("pairs.jsonl"), ...out()], "none: cannot read"],
    [
      "a range that ends before it begins",
      () => mine(...out(), "--range-min", "5", "--range-max", "4"),
      "--range-max makes no sense (got 4, wanted at least 8: --range-min 5 and 3 negatives)",
    ],
    ["a margin that is none", () => mine(...out(), "--relative-margin", "much"), "Not a number"],
    [
      "a margin below 0",
      () => mine(...out(), "--absolute-margin", "-1"),
      "--absolute-margin makes no sense",
    ],
    [
      "nothing else to choose from",
      () => ["mine", at("model"), at("alone.jsonl"), ...out()],
      "no pair found enough negatives (got 1 candidates, 1 of them a known positive)",
    ],
  ])("%s", async (_, argv, message) => {
    const ran = await nearfold(argv());
    expect(ran.err).toContain(message);
    expect(ran.err.split("\n").filter((line) => line.startsWith("error: "))).toHaveLength(1);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect((await readdir(folder.path)).filter((name) => name.includes("never"))).toEqual([]);
  });

  it("stopped, it leaves what was there as it was", async () => {
    await folder.write("never.jsonl", "before");
    const ran = await nearfold(mine(...out()), { stopAt: "encoding anchors" });
    expect(ran).toMatchObject({ code: 130 });
    expect(await readFile(at("never.jsonl"), "utf8")).toBe("before");
  });
});
