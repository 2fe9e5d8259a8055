import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonl, nearfold } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { tinyBert, tinyStatic } from "../../test/tiny-models.ts";
import { loadModel } from "../models/load.ts";
import type { Model } from "../models/model.ts";
import { saveModel } from "../models/save.ts";
import { floats } from "../tensor/tensor.ts";

const colours = ["red", "green", "blue", "white"];
const things = ["cat", "house", "river", "stone", "bird"];
const pairs = colours.flatMap((colour) =>
  things.map((thing) => ({
    anchor: `which ${thing} is ${colour}`,
    positive: `the ${colour} ${thing}`,
  })),
);
const sentences = pairs.map(({ anchor, positive }, i) => ({
  sentence1: anchor,
  sentence2: pairs[(i * i) % 20].positive,
  score: pairs[(i * i) % 20].positive === positive ? 5 : i % 3,
}));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: readonly string[]) => join(folder.path, ...names);

/** The tiny model with each weight put through `change`. */
function changed(change: (weight: number) => number): Model {
  const model = tinyStatic();
  const { data, shape } = model.weights.get("embedding.weight")!;
  return { ...model, weights: new Map([["embedding.weight", floats(data.map(change), shape)]]) };
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await Promise.all([
    saveModel(at("good"), tinyStatic()),
    // Of the same directions, so that it finds the same; and of one direction for all.
    saveModel(
      at("near"),
      changed((weight) => 1.5 * weight),
    ),
    saveModel(
      at("bad"),
      changed(() => 1e6),
    ),
    saveModel(at("bert"), tinyBert()),
    folder.write("dev.jsonl", jsonl(pairs)),
    folder.write("sts.jsonl", jsonl(sentences)),
    folder.write("flat.jsonl", jsonl(sentences.map((row) => ({ ...row, score: 1 })))),
  ]);
});
afterAll(() => folder[Symbol.asyncDispose]());

async function merged(name: string, ...argv: readonly string[]) {
  const typed = ["merge", ...argv, "--out", at(name)];
  const json = await nearfold([...typed, "--json"]);
  expect(json).toMatchObject({ code: 0 });
  const text = await nearfold([...typed, "--replace"]);
  return {
    ...JSON.parse(json.out),
    text: text.out,
    err: text.err,
    model: await loadModel(at(name)),
  };
}
const weightOf = ({ weights }: Model) => weights.get("embedding.weight")!.data;

describe("merge", () => {
  const dev = () => ["--dev", at("dev.jsonl")];

  it("greedily: keeps what does not harm, says what was tried, and the card says of what it is", async () => {
    const made = await merged("greedy", at("bad"), at("good"), at("near"), ...dev());
    expect(made).toMatchObject({ method: "greedy-soup", measure: "ndcg@10", accepted: true });
    expect(
      made.trials.map(({ models, kept }: { models: string[]; kept: boolean }) => [...models, kept]),
    ).toEqual([
      [at("good"), at("near"), true],
      [at("good"), at("near"), at("bad"), false],
    ]);
    const [, good, near] = made.models;
    expect(made.best).toEqual(good);
    expect(made.score).toBe(near.score);
    const { base, merged: lineage, metrics, versions } = made.model.card.lineage;
    expect(lineage).toMatchObject({
      method: "greedy soup",
      models: [
        { name: "good", weight: 0.5, space: (await loadModel(at("good"))).card.space.id },
        { name: "near", weight: 0.5 },
      ],
    });
    expect({ base, metrics }).toEqual({ base: "goldens/bert", metrics: { "ndcg@10": made.score } });
    expect(Object.keys(versions)).toContain("nearfold");
    const wanted = tinyStatic()
      .weights.get("embedding.weight")!
      .data.map((weight) => 1.25 * weight);
    expect(weightOf(made.model)).toBeClose(wanted, { rtol: 1e-6 });
    expect(made.text).toContain(
      `${at("greedy")} is ${at("good")} + ${at("near")}: greedy-soup scored `,
    );
    expect(made.err).toContain("scoring: 5/5 models");
    const card = await readFile(at("greedy", "README.md"), "utf8");
    expect(card).toContain("- Merged from: `good` (50 %) and `near` (50 %), by greedy soup");
    const eval_ = await nearfold(["eval", at("greedy"), "--pairs", at("dev.jsonl"), "--json"]);
    expect(JSON.parse(eval_.out).metrics["ndcg@10"].mean).toBe(made.score);
  });

  it("refused: writes the best model as it is, and says so", async () => {
    const made = await merged("kept", at("bad"), at("good"), "--method", "soup", ...dev());
    expect(made).toMatchObject({
      accepted: false,
      best: { model: at("good") },
      trials: [{ kept: false }],
    });
    expect(made.score).toBe(made.best.score);
    expect(made.trials[0].score).toBeLessThan(made.score);
    const score = (value: number) => value.toFixed(4);
    expect(made.text).toContain(
      `kept ${at("good")}: soup scored ${score(made.trials[0].score)}, ${at("good")} ${score(made.score)}; ${at("kept")} is a copy of ${at("good")}`,
    );
    const good = await loadModel(at("good"));
    expect(made.model.card).toEqual(good.card);
    expect(weightOf(made.model)).toEqual(weightOf(good));
  });

  it.each<[string, string[], number]>([
    ["slerp", ["--method", "slerp"], 1.25],
    ["slerp at a place", ["--t", "0.25"], 1.125],
    ["a soup with weights", ["--weights", "1,3"], 1.375],
  ])("%s", async (name, argv, factor) => {
    const made = await merged(name, at("good"), at("near"), ...argv, "--sts", at("sts.jsonl"));
    expect(made).toMatchObject({ measure: "spearman", accepted: true });
    const wanted = tinyStatic()
      .weights.get("embedding.weight")!
      .data.map((weight) => factor * weight);
    expect(weightOf(made.model)).toBeClose(wanted, { rtol: 1e-6 });
  });

  it("a model that finds all sentences alike does not win", async () => {
    const sts = ["--sts", at("sts.jsonl")];
    const made = await merged("alike", at("bad"), at("good"), ...sts);
    expect(made).toMatchObject({ best: { model: at("good") }, models: [{ score: 0 }, {}] });
  });

  it("of two trainings of one base is never worse than either", async () => {
    const tune = (name: string, seed: string) =>
      nearfold([
        "train",
        at("dev.jsonl"),
        "--base",
        at("good"),
        "--seed",
        seed,
        "--epochs",
        "2",
        "--batch-size",
        "8",
        "--learning-rate",
        "0.05",
        "--out",
        at(name),
      ]);
    expect([await tune("one", "1"), await tune("two", "2")]).toMatchObject([
      { code: 0 },
      { code: 0 },
    ]);
    const made = await merged("both", at("one"), at("two"), at("good"), ...dev());
    for (const { score } of made.models) expect(made.score).toBeGreaterThanOrEqual(score);
    const { card } = made.model;
    const { data } = (await loadModel(at("one"))).card.lineage;
    if (made.accepted) expect(card.lineage.data).toEqual(expect.arrayContaining([...data]));
    expect(card.space.id).toMatch(/^sha256:/);
  });
});

describe("a mistake is one clear line, and nothing is written", () => {
  const good = () => at("good");
  const router = () =>
    fileURLToPath(new URL("../../test/goldens/sentence-transformers/router", import.meta.url));
  const rest = () => ["--dev", at("dev.jsonl"), "--out", at("never")];
  it.each<[string, () => readonly string[], string]>([
    ["one model", () => [good(), ...rest()], "there is nothing to mix"],
    [
      "one model twice",
      () => [good(), `${good()}/`, ...rest()],
      "wanted two different models or more",
    ],
    [
      "nothing to judge by",
      () => [good(), at("near"), "--out", at("never")],
      "there is nothing to judge by (wanted --dev FILE or --sts FILE)",
    ],
    [
      "two things to judge by",
      () => [good(), at("near"), "--sts", "x", ...rest()],
      "cannot be used with",
    ],
    [
      "a Router, which could not be saved, before anything is scored",
      () => [router(), at("good"), ...rest()],
      "(a Router) cannot be saved",
    ],
    [
      "another architecture, before anything is scored",
      () => [good(), at("bert"), ...rest()],
      `${join("bert", "config.json")}: these models can't be merged (got model_type "bert", wanted "static"`,
    ],
    [
      "three for slerp",
      () => [good(), at("near"), at("bad"), "--t", "0.5", ...rest()],
      "slerp is between two models (got 3, wanted 2)",
    ],
    [
      "a place beyond",
      () => [good(), at("near"), "--t", "2", ...rest()],
      "not a place between two models (got 2, wanted 0 to 1)",
    ],
    [
      "weights for others",
      () => [good(), at("near"), "--weights", "1,2,3", ...rest()],
      "not one for each model (got 3, wanted 2)",
    ],
    [
      "weights without a soup",
      () => [good(), at("near"), "--weights", "1,2", "--method", "slerp", ...rest()],
      "--weights: they are of a soup (got slerp",
    ],
    [
      "a weight of 0",
      () => [good(), at("near"), "--weights", "1,0", ...rest()],
      "Not a number above 0",
    ],
    [
      "weights and a place",
      () => [good(), at("near"), "--weights", "1,2", "--t", "0.5", ...rest()],
      "cannot be used with",
    ],
    ["no model there", () => [good(), at("none"), ...rest()], "none: cannot read"],
    [
      "sentences of one score",
      () => [good(), at("near"), "--sts", at("flat.jsonl"), "--out", at("never")],
      "flat.jsonl: there is nothing to order the pairs by (got 20 pairs with one score",
    ],
    [
      "no dev file",
      () => [good(), at("near"), "--dev", at("none.jsonl"), "--out", at("never")],
      "none.jsonl: there is no such file",
    ],
    [
      "something there already",
      () => [good(), at("near"), "--dev", at("dev.jsonl"), "--out", at("bad")],
      "there is something already",
    ],
    [
      "a folder of the person's own, to be replaced",
      () => [good(), at("near"), "--dev", at("dev.jsonl"), "--out", folder.path, "--replace"],
      "the folder holds something else than what would replace it (got no nearfold.json",
    ],
  ])("%s", async (_, argv, message) => {
    const ran = await nearfold(["merge", ...argv()]);
    expect(ran.err).toContain(message);
    expect(ran.err.split("\n").filter((line) => line.startsWith("error: "))).toHaveLength(1);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).not.toContain("scoring");
    expect(await readdir(folder.path)).not.toContain("never");
  });

  it("stopped, it writes nothing", async () => {
    const ran = await nearfold(["merge", good(), at("near"), ...rest()], {
      stopAt: "scoring: 1/3",
    });
    expect(ran).toMatchObject({ code: 130, out: "" });
    expect(await readdir(folder.path)).not.toContain("never");
  });
});
