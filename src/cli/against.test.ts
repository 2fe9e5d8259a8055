import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { saveModel } from "../models/index.ts";
import { floats } from "../tensor/tensor.ts";
import { toTokenizer, trainWordPiece } from "../text/index.ts";
import { newStaticModel } from "../train/index.ts";

const colours = ["red", "green", "blue", "white", "black", "yellow", "brown", "grey"];
const things = ["cat", "house", "river", "stone", "bird", "tree", "boat", "lamp"];
const pairs = colours.flatMap((colour) =>
  things.map((thing) => ({ anchor: `a ${thing} in ${colour}`, positive: `${colour} ${thing}` })),
);
const sts = pairs.map(({ anchor, positive }, i) => ({
  sentence1: anchor,
  sentence2: i % 2 === 0 ? positive : pairs[(i * 29 + 5) % 64].positive,
  score: i % 2 === 0 ? 5 : (i * 7) % 4,
}));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryFolder();
  await folder.write("pairs.jsonl", jsonl(pairs));
  await folder.write("sts.jsonl", jsonl(sts));
  const texts = pairs.flatMap(({ anchor, positive }) => [anchor, positive]);
  const tokenizer = toTokenizer(trainWordPiece(texts, { wrap: false, vocabSize: 400 }));
  // Random vectors of words know shared words at 32 dimensions, and little at 2.
  const model = newStaticModel(tokenizer, { name: "words", dims: 32 });
  await saveModel(at("words"), { ...model, card: { ...model.card, dims: [32, 2] } });
  const zeros = [...model.weights].map(
    ([name, { shape, data }]) => [name, floats(new Float32Array(data.length), shape)] as const,
  );
  await saveModel(at("zeros"), { ...model, name: "zeros", weights: new Map(zeros) });
});
afterAll(() => folder[Symbol.asyncDispose]());

type DataSet = readonly [option: string, file: string, measure: string, name: string, size: number];
const sets: readonly DataSet[] = [
  ["--pairs", "pairs.jsonl", "ndcg@10", "nDCG@10", 64],
  ["--sts", "sts.jsonl", "spearman", "Spearman's correlation", 64],
];
const evaluation = (model: string, [option, file]: DataSet) => [
  ...["eval", at(model), option, at(file), "--against", at("words")],
];

describe.each(sets)("%s", (...set) => {
  const [, , measure, name, size] = set;

  it("a model that lost more than chance explains ends with 3, after its report", async () => {
    const argv = [...evaluation("words", set), "--dims", "2", "--fail-below", "0.9"];
    const { code, out, err } = await nearfold(argv);
    expect(code).toBe(3);
    expect(out).toContain("words, 2 dimensions, against ");
    expect(out).toMatch(/\n 1 {2}-\d\.\d{4} {2}\S/);
    expect(out.split("\n").every((line) => line.length <= 130)).toBe(true);
    const errors = err.split("\n").filter((line) => line.startsWith("error: "));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /fell by more than chance \(got 0\.\d+ of the baseline's .* at most 0\.\d+ with 95 % confidence, wanted at least 0\.9\)\. Tested by the one-sided 95 % interval/,
    );
    expect(errors[0]).toContain(name);
  });

  it("with --json it is one object, with the error in it", async () => {
    const lines = at(`lost-${measure}.jsonl`);
    const argv = [...evaluation("words", set), "--dims", "2", "--fail-below", "0.9", "--json"];
    const { code, out } = await nearfold([...argv, "--differences", lines]);
    expect(code).toBe(3);
    const { error, gate, metrics, baseline, comparison, worst, agreement } = JSON.parse(out);
    expect(error.code).toBe("unmet");
    expect(gate).toMatchObject({ measure, required: 0.9, verdict: "fell" });
    expect(gate.kept).toBeCloseTo(metrics[measure].mean / baseline.metrics[measure].mean, 12);
    expect(gate.atMost).toBeLessThan(0.9);
    const { difference, p } = comparison[measure];
    expect(difference.mean).toBeCloseTo(metrics[measure].mean - baseline.metrics[measure].mean, 12);
    expect(difference.high).toBeLessThan(0);
    expect(p).toBeLessThan(0.05);
    expect(agreement.cosine).toBeUndefined();
    const rows = (await readFile(lines, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(size);
    const mean = rows.reduce((sum, { delta }) => sum + delta, 0) / size;
    expect(mean).toBeCloseTo(difference.mean, 12);
    expect(worst).toHaveLength(10);
    expect(worst[0].delta).toBe(Math.min(...rows.map(({ delta }) => delta)));
  });

  it("a model beside itself keeps everything", async () => {
    const argv = [...evaluation("words", set), "--fail-below", "1"];
    const { code, out } = await nearfold(argv);
    expect(code).toBe(0);
    expect(out).toContain(`No row lost in ${name}`);
    expect(out).toMatch(/1\.0000 of the baseline's is kept .*, at least 1 is required: met$/m);
    const { agreement, comparison, alignment, baseline } = JSON.parse(
      (await nearfold([...argv, "--json"])).out,
    );
    expect(comparison[measure]).toMatchObject({ difference: { mean: 0, low: 0, high: 0 }, p: 1 });
    expect(agreement.cosine.min).toBeCloseTo(1, 6);
    expect(agreement[measure === "spearman" ? "spearman" : "overlap"]).toBeCloseTo(1, 12);
    expect(alignment).toBe(baseline.alignment);
    expect(alignment).toBeGreaterThan(0);
  });

  it("a better model passes, and the baseline's dimensions may be chosen", async () => {
    const argv = [...evaluation("words", set), "--against-dims", "2", "--fail-below", "1"];
    const { code, out } = await nearfold(argv);
    expect(code).toBe(0);
    expect(out).toContain("words, 32 dimensions, against ");
    expect(out).toContain("words, 2 dimensions\n");
    expect(out).toMatch(/is required: met$/m);
  });

  it("without a requirement nothing fails", async () => {
    const { code, out } = await nearfold([...evaluation("words", set), "--dims", "2"]);
    expect(code).toBe(0);
    expect(out).not.toContain("is required");
  });
});

it("a model whose vectors are all zero is stopped, not a crash", async () => {
  for (const set of sets) {
    const { code, err } = await nearfold([...evaluation("zeros", set), "--fail-below", "0.9"]);
    expect(err).toContain("fell by more than chance");
    expect(code).toBe(3);
  }
});

it("of a baseline that has nothing, no share can be required", async () => {
  const argv = ["eval", at("words"), "--sts", at("sts.jsonl"), "--against", at("zeros")];
  expect(await nearfold(argv)).toMatchObject({ code: 0 });
  const { code, err } = await nearfold([...argv, "--fail-below", "0.9"]);
  expect(err).toContain("got Spearman's correlation 0.0000, wanted more than 0");
  expect(code).toBe(2);
});

it("progress says whose texts are encoded, and --run writes what the model found", async () => {
  const argv = [...evaluation("words", sets[0]), "--run", at("out.trec"), "--top-k", "3"];
  const { err, out } = await nearfold(argv);
  expect(err).toContain(`encoding with ${at("words")}: 64/64`);
  expect(out).toContain("100.0 % of the first 3 documents");
  expect(await readFile(at("out.trec"), "utf8")).toMatch(/^q0 Q0 d\d+ 1 [\d.]+ nearfold$/m);
});

describe("a mistake", () => {
  it.each<[string, readonly string[], string]>([
    [
      "a requirement of nothing",
      ["--fail-below", "0.9"],
      "--fail-below: there is nothing to compare with (wanted --against MODEL beside it)",
    ],
    [
      "differences to nothing",
      ["--differences", "d.jsonl"],
      "--differences: there is nothing to compare with",
    ],
    ["a share in percent", ["--against", "b", "--fail-below", "99"], "Not a number from 0 to 1"],
    ["beside BM25", ["--against", "b", "--bm25"], "cannot be used with"],
    ["no such baseline", ["--against", "./none"], "none: cannot read: no such file or folder"],
  ])("%s", async (_, more, message) => {
    const { code, err } = await nearfold([
      ...["eval", at("words"), "--pairs", at("pairs.jsonl"), ...more],
    ]);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  it.each([
    [
      "dimensions that the baseline lacks",
      ["--against-dims", "7"],
      "--against-dims: words was not",
    ],
    [
      "the data as --differences",
      ["--differences", "pairs.jsonl"],
      "--differences: this file is to be read",
    ],
  ])("%s", async (_, [option, value], message) => {
    const given = option === "--differences" ? at(value) : value;
    const { code, err } = await nearfold([...evaluation("words", sets[0]), option, given]);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});
