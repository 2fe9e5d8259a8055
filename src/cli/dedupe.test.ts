import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyStatic } from "../../test/tiny-models.ts";
import { saveModel } from "../models/save.ts";

const rows = [
  {
    id: "a",
    text: "A brown dog walks along the beach with its owner",
    day: "2026-01-05",
    stars: 2,
  },
  {
    id: "b",
    text: "a brown dog  walks along the beach with its owner",
    day: "2026-03-01",
    stars: 5,
  },
  {
    id: "c",
    text: "A brown dog walks along the baech with its owner, again",
    day: "2026-02-01",
    stars: 4,
  },
  { id: "d", text: "Room 12 is free from May on, with breakfast", day: "2026-02-01", stars: 1 },
  { id: "e", text: "Room 13 is free from May on, with breakfast", day: null, stars: 1 },
  { id: "f", text: "Two cats sleep on a warm sofa in the sun", day: "2026-02-01", stars: 3 },
];
const judged = Array.from({ length: 400 }, (_, i) => [
  {
    sentence1: `the order ${i} came a day late`,
    sentence2: `The order ${i} came one day late`,
    score: 1,
  },
  {
    sentence1: `the order ${i} came a day late`,
    sentence2: `where is the manual of my kettle`,
    score: 0,
  },
]).flat();

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: readonly string[]) => join(folder.path, ...names);
const lines = async (name: string) =>
  (await readFile(at(name), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  folder = await temporaryFolder();
  await Promise.all([
    saveModel(at("model"), tinyStatic()),
    folder.write("rows.jsonl", jsonl(rows)),
    folder.write(
      "rows.csv",
      `id,body,day\n${rows.map(({ id, text, day }) => `${id},"${text}",${day ?? ""}`).join("\n")}`,
    ),
    folder.write("rows.txt", rows.map(({ text }) => text).join("\n")),
    folder.write("bad.jsonl", `${jsonl(rows)}\n{"text": 5}`),
    folder.write("empty.jsonl", ""),
    folder.write("judged.jsonl", jsonl(judged)),
    folder.write("few.jsonl", jsonl(judged.slice(0, 4))),
    folder.write("graded.jsonl", jsonl([{ ...judged[0], score: 4.2 }])),
    folder.write("dated.jsonl", jsonl([{ text: "x", day: "some day" }])),
  ]);
  expect(
    await nearfold(["index", at("rows.jsonl"), "--model", at("model"), "--store", at("index")]),
  ).toMatchObject({ code: 0 });
  expect(await nearfold(["alias", at("live"), "--to", at("index")])).toMatchObject({ code: 0 });
});
afterAll(() => folder[Symbol.asyncDispose]());

async function deduped(argv: readonly string[], source = "rows.jsonl") {
  const ran = await nearfold(["dedupe", at(source), "--out", at("kept.jsonl"), ...argv]);
  expect(ran.err).not.toContain("error:");
  const kept = (await lines("kept.jsonl")).map(({ id }) => id).join("");
  return { ...ran, kept, groups: await lines("kept.groups.jsonl") };
}

describe("dedupe", () => {
  it("keeps one of each, says which and why, and shows what is least sure", async () => {
    const { code, kept, groups, out, err } = await deduped([]);
    expect(code).toBe(0);
    expect(kept).toBe("cdef");
    expect(groups).toEqual([
      {
        kept: "c",
        why: "the longest text",
        dropped: [
          { id: "a", stage: "near", score: expect.closeTo(0.69, 1) },
          { id: "b", stage: "near", score: expect.closeTo(0.69, 1) },
        ],
      },
    ]);
    expect(out).toMatch(
      /kept\.jsonl holds 4 of 6 rows; .*kept\.groups\.jsonl says what became of the 2 others/,
    );
    expect(out).toContain("kept: A brown dog walks along the baech");
    expect(err).toContain("reading: 6/6 rows");
    expect(err).toMatch(/comparing: 32\/32 bands/);
  });

  it.each<[string, readonly string[], string, string?]>([
    ["the first", ["--keep", "first"], "adef"],
    ["the newest", ["--keep", "newest", "--by", "day"], "bdef"],
    ["the highest", ["--keep", "highest", "--by", "stars"], "bdef"],
    ["equal ones alone", ["--no-near"], "bcdef"],
    ["other numbers too", ["--no-facts"], "cdf"],
    [
      "of CSV, by its columns",
      ["--text", "body", "--keep", "newest", "--by", "day"],
      "bdef",
      "rows.csv",
    ],
    ["lines", [], "3456", "rows.txt"],
    ["by words", ["--shingles", "words", "--shingle-size", "1"], "cdef"],
    ["of an index", ["--keep", "longest"], "cdef", "index"],
    ["of an alias", ["--keep", "longest"], "cdef", "live"],
  ])("keeps %s", async (_, argv, kept, source) => {
    expect([...(await deduped(argv, source)).kept].sort().join("")).toBe(kept);
  });

  it("writes the fields that are asked for, and not what the rule goes by", async () => {
    await deduped(["--fields", "stars", "--keep", "newest", "--by", "day"]);
    const { id, text, stars } = rows[1];
    expect((await lines("kept.jsonl"))[0]).toEqual({ id, text, stars });
  });

  it("keeps the text that it compared, whatever a field is called", async () => {
    const twins = ["a", "b"].map((id) => ({ id, body: "the same body", text: `another ${id}` }));
    await folder.write("bodies.jsonl", jsonl(twins));
    const { kept } = await deduped(["--text", "body", "--fields", "text"], "bodies.jsonl");
    expect(kept).toBe("a");
    expect(await lines("kept.jsonl")).toEqual([{ id: "a", text: "the same body" }]);
  });

  it("finds thresholds by judged pairs, and says what they keep", async () => {
    const argv = ["--pairs", at("judged.jsonl"), "--model", at("model"), "--json"];
    const { out } = await deduped(argv);
    const { near, semantic } = JSON.parse(out);
    expect(near.bound).toBeGreaterThanOrEqual(0.99);
    expect(near.threshold).toBeGreaterThanOrEqual(0.55);
    expect(semantic.recall).toBeGreaterThan(0.9);
    expect((await deduped(["--pairs", at("judged.jsonl")])).out).toContain(
      "are the same (at least 99.3 %",
    );
  });

  it("takes the vectors of an index for a cosine", async () => {
    const { groups, kept } = await deduped(
      ["--no-near", "--cosine", "0.97", "--no-facts"],
      "index",
    );
    expect([...kept].sort().join("")).toBe("cdf");
    const stages = groups.flatMap(({ dropped }) =>
      dropped.map(({ stage }: { stage: string }) => stage),
    );
    expect(new Set(stages)).toContain("semantic");
  });

  it("leaves bad rows out where it may", async () => {
    const { out, err } = await deduped(["--skip-bad", "--json"], "bad.jsonl");
    expect(JSON.parse(out)).toMatchObject({ rows: 6, skipped: 1, kept: 4, groups: 1 });
    expect(err).toContain("rows were left out");
  });
});

describe("a mistake is one clear line, and nothing is written", () => {
  const typed =
    (...argv: readonly string[]) =>
    () => ["dedupe", at("rows.jsonl"), "--out", at("never.jsonl"), ...argv];
  const of =
    (source: string, ...argv: readonly string[]) =>
    () => ["dedupe", at(source), "--out", at("never.jsonl"), ...argv];
  it.each<[string, () => readonly string[], string]>([
    ["no texts", of("none.jsonl"), "none.jsonl: cannot read: no such file or folder"],
    ["nothing in it", of("empty.jsonl"), "no row is usable (wanted at least one text)"],
    ["a bad row", of("bad.jsonl"), 'bad.jsonl:7: "text" is not a text (got 5'],
    [
      "another kind of output",
      () => ["dedupe", at("rows.jsonl"), "--out", at("never.csv")],
      "never.csv: not a kind of file for rows (wanted .jsonl)",
    ],
    [
      "the input itself",
      () => ["dedupe", at("rows.jsonl"), "--out", at("rows.jsonl")],
      "--out: this file is to be read",
    ],
    ["one file for both", typed("--groups", "never.jsonl"), "--groups: the kept rows go there"],
    [
      "a rule without its field",
      typed("--keep", "newest"),
      "a rule and its field belong together (got --keep newest without --by",
    ],
    [
      "a field without its rule",
      typed("--by", "day"),
      "a rule and its field belong together (got --keep longest with --by day",
    ],
    [
      "a date that is none",
      of("dated.jsonl", "--keep", "newest", "--by", "day"),
      'the field that is compared is no such value (got "some day", wanted a date',
    ],
    [
      "a step that is none",
      typed("--normalize", "nfkc,colour"),
      'not a normalization that is known (got "colour"',
    ],
    [
      "a model without a cosine",
      typed("--model", "model"),
      "nobody says which cosine makes a duplicate",
    ],
    ["a cosine without vectors", typed("--cosine", "0.9"), "--cosine: a cosine is of vectors"],
    [
      "grades for judgements",
      typed("--pairs", "graded.jsonl"),
      "graded.jsonl, pair 1: the score is no judgement (got 4.2",
    ],
    ["fields of lines", of("rows.txt", "--fields", "day"), "its texts have no fields (got day"],
    [
      "a column that is not there",
      of("rows.csv", "--text", "body", "--fields", "month"),
      'there is no column "month"',
    ],
    ["a threshold that is none", typed("--threshold", "0.1"), "Not a number from 0.3 to 1"],
  ])("%s", async (_, argv, message) => {
    const ran = await nearfold(
      argv().map((word) => (/^(never|graded|model)/.test(word) ? at(word) : word)),
    );
    expect(ran.err).toContain(message.replace(" (got)", ""));
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect((await readdir(folder.path)).filter((name) => /never|nearfold-rows/.test(name))).toEqual(
      [],
    );
  });

  it("too few pairs are not enough for a precision", async () => {
    const ran = await nearfold(typed("--pairs", at("few.jsonl"))());
    expect(ran).toMatchObject({ code: 3 });
    expect(ran.err).toContain("299 pairs without a mistake would");
  });

  it("stopped, it leaves what was there as it was", async () => {
    await folder.write("never.jsonl", "before");
    const ran = await nearfold(typed()(), { stopAt: "comparing" });
    expect(ran).toMatchObject({ code: 130 });
    expect(await readFile(at("never.jsonl"), "utf8")).toBe("before");
  });
});
