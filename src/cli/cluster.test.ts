import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyStatic } from "../../test/tiny-models.ts";
import { saveModel } from "../models/save.ts";

const subjects = {
  fox: "the quick brown fox jumps",
  dog: "a lazy dog is over there",
  space: "vectors of one space may be compared",
};
const rows = Object.entries(subjects).flatMap(([label, text]) =>
  Array.from({ length: 12 }, (_, i) => ({
    id: `${label}-${i}`,
    text: `${text} ${"again ".repeat(i % 3)}`,
    label,
  })),
);
const hostile = '</script><img src=x onerror="alert(1)"><b>bold</b>';

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
    folder.write("hostile.jsonl", jsonl([...rows, { id: hostile, text: hostile, label: hostile }])),
    folder.write("empty.jsonl", ""),
    folder.write("bad.jsonl", '{"text": 5}'),
  ]);
  expect(
    await nearfold(["index", at("rows.jsonl"), "--model", at("model"), "--store", at("index")]),
  ).toMatchObject({ code: 0 });
});
afterAll(() => folder[Symbol.asyncDispose]());

const typed = (source: string, ...argv: readonly string[]) =>
  nearfold(["cluster", at(source), "--out", at("groups.jsonl"), ...argv]);

describe("cluster", () => {
  it("writes the group of each text, says what groups are about and how they agree with known classes", async () => {
    const ran = await typed("rows.jsonl", "--model", at("model"), "-k", "3", "--label", "label");
    expect(ran).toMatchObject({ code: 0 });
    const groups = await lines("groups.jsonl");
    expect(groups.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(new Set(groups.map(({ cluster }) => cluster))).toEqual(new Set([0, 1, 2]));
    expect(ran.out).toContain("groups.jsonl holds 36 texts in 3 groups");
    expect(ran.out).toContain("With the known classes: V-measure 1.0000");
    expect(ran.out).toMatch(/^12 +.*(fox|quick|brown|jumps)/m);
    expect(ran.err).toContain("encoding: 36/36 texts");
    expect(ran.err).toContain("clustering: 4/4 runs");
  });

  it("chooses how many groups, from an index too", async () => {
    const { out } = await typed("index", "--json");
    const found = JSON.parse(out);
    expect(found).toMatchObject({ noise: 0, texts: 36, method: "k-means" });
    type Tried = { readonly k: number; readonly silhouette: number };
    const best = found.tried.reduce((a: Tried, b: Tried) => (b.silhouette > a.silhouette ? b : a));
    expect([found.groups, found.silhouette]).toBeClose([best.k, best.silhouette], { atol: 1e-6 });
    expect(found.tried.map(({ k }: { k: number }) => k)).toEqual([2, 3, 4, 5]);
    expect(found.clusters[0].examples[0].text).toEqual(expect.any(String));
  });

  it("finds dense groups", async () => {
    const { out } = await typed(
      "index",
      "--method",
      "density",
      "--min-size",
      "6",
      "--min-samples",
      "2",
      "--json",
    );
    expect(JSON.parse(out)).toMatchObject({ groups: expect.any(Number), method: "density" });
  });

  it("draws a map that runs no text and fetches nothing", async () => {
    const ran = await typed(
      "hostile.jsonl",
      "--model",
      at("model"),
      "-k",
      "4",
      "--map",
      at("map.html"),
    );
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.out).toContain("map.html in a browser");
    const page = await readFile(at("map.html"), "utf8");
    expect(page).not.toContain("<img");
    expect(page).not.toContain("<b>bold");
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).toMatch(
      /default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[\w+/=]+'; img-src data:/,
    );
    expect(page).not.toMatch(/(?:src|href)="(?!data:)/);
    const [, data] = page.match(/id="data">(.*?)<\/script>/s)!;
    const { text, x, group } = JSON.parse(data);
    expect(text).toContain(hostile);
    expect([x.length, group.length]).toEqual([37, 37]);
  });

  it("is the seed's", async () => {
    const argv = ["--model", at("model"), "-k", "5", "--map", at("map.html")];
    await typed("rows.jsonl", ...argv);
    const before = [await readFile(at("map.html"), "utf8"), await lines("groups.jsonl")];
    await typed("rows.jsonl", ...argv);
    expect([await readFile(at("map.html"), "utf8"), await lines("groups.jsonl")]).toEqual(before);
  });
});

describe("a mistake is one clear line, and nothing is written", () => {
  const of = (source: string, ...argv: readonly string[]) => [
    "cluster",
    source,
    "--out",
    "never.jsonl",
    ...argv,
  ];
  it.each<[string, readonly string[], string]>([
    ["no texts", of("none.jsonl", "--model", "model"), "none.jsonl: cannot read"],
    ["an empty file", of("empty.jsonl", "--model", "model"), "no row is usable"],
    ["a bad row", of("bad.jsonl", "--model", "model"), 'bad.jsonl:1: "text" is not a text'],
    ["no vectors", of("rows.jsonl"), "texts are grouped by vectors. Name a model with --model"],
    [
      "more groups than texts",
      of("rows.jsonl", "--model", "model", "-k", "37"),
      "not a number of groups (got 37",
    ],
    [
      "another kind of output",
      ["cluster", "rows.jsonl", "--out", "never.csv"],
      "never.csv: not a kind of file for groups",
    ],
    [
      "another kind of map",
      of("rows.jsonl", "--map", "never.png"),
      "never.png: not a kind of file for a map",
    ],
    [
      "no such method",
      of("rows.jsonl", "--method", "magic"),
      "Allowed choices are k-means, density",
    ],
  ])("%s", async (_, argv, message) => {
    const known = /^(none|empty|bad|rows|model|never)/;
    const ran = await nearfold(argv.map((word) => (known.test(word) ? at(word) : word)));
    expect(ran.err).toContain(message);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect((await readdir(folder.path)).filter((name) => name.includes("never"))).toEqual([]);
  });

  it("stopped, it leaves nothing", async () => {
    const argv = ["cluster", at("rows.jsonl"), "--model", at("model"), "--out", at("never.jsonl")];
    expect(await nearfold(argv, { stopAt: "encoding" })).toMatchObject({ code: 130 });
    expect((await readdir(folder.path)).filter((name) => name.includes("never"))).toEqual([]);
  });
});
