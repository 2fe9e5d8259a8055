import { describe, expect, it } from "vitest";
import { tinyBert, tinyStatic } from "../../test/tiny-models.ts";
import { parseCard } from "../models/card.ts";
import { spaceOf } from "../models/fingerprint.ts";
import type { Model } from "../models/index.ts";
import { floats } from "../tensor/tensor.ts";
import { toTokenizer, trainWordPiece } from "../text/index.ts";
import { slerp, slerpVectors } from "./slerp.ts";
import { greedySoup, soup, weightedMean } from "./soup.ts";

const f32 = (...values: readonly number[]) => Float32Array.from(values);

describe("a mean by hand", () => {
  it.each([
    ["one alone is itself", [[1, -2]], [1], [1, -2]],
    [
      "two",
      [
        [1, 2],
        [3, 6],
      ],
      [0.5, 0.5],
      [2, 4],
    ],
    [
      "shares",
      [
        [1, 2],
        [3, 6],
      ],
      [0.75, 0.25],
      [1.5, 3],
    ],
    [
      "three",
      [
        [3, 0],
        [0, 3],
        [3, 3],
      ],
      [1 / 3, 1 / 3, 1 / 3],
      [2, 2],
    ],
  ])("%s", (_, parts, shares, wanted) => {
    expect([
      ...weightedMean(
        parts.map((part) => f32(...part)),
        shares,
      ),
    ]).toBeClose(wanted, { rtol: 1e-7 });
  });

  it("is summed in float64: what is large does not swallow what is small", () => {
    expect([...weightedMean([f32(2 ** 25), f32(1), f32(-(2 ** 25))], [1, 1, 1])]).toEqual([1]);
  });
});

describe("an arc by hand", () => {
  const half = Math.SQRT1_2;
  it.each<[string, number[], number[], number, number[]]>([
    ["a right angle, half way", [1, 0], [0, 1], 0.5, [half, half]],
    [
      "a right angle, a third of the way: 30 degrees",
      [1, 0],
      [0, 1],
      1 / 3,
      [Math.sqrt(3) / 2, 0.5],
    ],
    [
      "60 degrees, half way: 30 degrees",
      [1, 0],
      [0.5, Math.sqrt(3) / 2],
      0.5,
      [Math.sqrt(3) / 2, 0.5],
    ],
    ["the beginning", [2, 0], [0, 4], 0, [2, 0]],
    ["the end", [2, 0], [0, 4], 1, [0, 4]],
    ["lengths are kept, the angle is of the directions", [2, 0], [0, 4], 0.5, [2 * half, 4 * half]],
    ["parallel: the chord", [1, 1], [3, 3], 0.25, [1.5, 1.5]],
    ["nearly parallel: the chord", [1, 0], [1, 0.01], 0.5, [1, 0.005]],
    ["opposite: the chord", [1, 0], [-3, 0], 0.5, [-1, 0]],
    ["from nothing: the chord", [0, 0], [2, 4], 0.5, [1, 2]],
  ])("%s", (_, a, b, t, wanted) => {
    expect([...slerpVectors(f32(...a), f32(...b), t)]).toBeClose(wanted, { atol: 1e-6 });
  });
});

/** A static model whose table is `fill` everywhere. */
function filled(name: string, fill: number, change: Partial<Model> = {}): Model {
  const model = tinyStatic();
  const { shape, data } = model.weights.get("embedding.weight")!;
  const table = floats(new Float32Array(data.length).fill(fill), shape);
  return { ...model, name, weights: new Map([["embedding.weight", table]]), ...change };
}
const fillOf = (model: Model) => model.weights.get("embedding.weight")!.data[0];

describe("models", () => {
  it("a soup has the mean of each weight, weights in any scale", () => {
    const models = [filled("a", 1), filled("b", 3), filled("c", 8)];
    expect(fillOf(soup(models))).toBe(4);
    expect(fillOf(soup(models, { weights: [6, 2, 2] }))).toBeCloseTo(2.8, 6);
    expect(fillOf(soup([models[1]]))).toBe(3);
  });

  it("slerp mixes tensor by tensor: one that is equal stays, one at a right angle turns", () => {
    const [a, b] = [tinyBert(), tinyBert()];
    const name = "encoder.layer.0.output.dense.bias";
    const { shape, data } = a.weights.get(name)!;
    const turned = (at: number) => {
      const values = new Float32Array(data.length);
      values[at] = 1;
      return [name, floats(values, shape)] as const;
    };
    const first = { ...a, weights: new Map([...a.weights, turned(0)]) };
    const second = { ...b, weights: new Map([...b.weights, turned(1)]) };
    const merged = slerp(first, second, { t: 0.5 });
    expect([...merged.weights.keys()]).toEqual([...first.weights.keys()]);
    for (const [other, tensor] of merged.weights) {
      if (other === name)
        expect([...tensor.data.subarray(0, 3)]).toBeClose([Math.SQRT1_2, Math.SQRT1_2, 0], {
          atol: 1e-6,
        });
      else expect(tensor.data, other).toEqual(a.weights.get(other)!.data);
    }
  });

  it("the inputs are left as they are", () => {
    const [a, b] = [filled("a", 1), filled("b", 3)];
    soup([a, b]);
    slerp(a, b);
    expect([fillOf(a), fillOf(b)]).toEqual([1, 3]);
  });

  it("a tower of queries is mixed too; an adapter is left behind", () => {
    const config = { rank: 1, alpha: 1, targets: [] };
    const adapter = { config, sites: [], weights: new Map(), base: new Map() };
    const towers = (document: number, query: number) => ({
      ...filled("a", document, { queryTower: filled("", query) }),
      adapter,
    });
    const merged = soup([towers(1, 10), towers(3, 20)]);
    expect([fillOf(merged), merged.queryTower!.weights.get("embedding.weight")!.data[0]]).toEqual([
      2, 15,
    ]);
    expect(merged.adapter).toBeUndefined();
  });

  it("the card says what was merged, with the space of each, and no more than all of them have", () => {
    const data = [{ name: "d", rows: 2, sha256: "1".repeat(64) }];
    const { card } = tinyStatic();
    const own = { ...card, dims: [48], lineage: { ...card.lineage, data, losses: ["cosent"] } };
    const [a, b] = [filled("a", 1), filled("b", 3, { card: own })];
    const { card: made } = soup([a, b], { weights: [3, 1] });
    expect(made.dims).toEqual([48]);
    expect(made.lineage).toEqual({
      base: "goldens/bert",
      merged: {
        method: "soup",
        models: [
          { name: "a", space: spaceOf(a).id, weight: 0.75 },
          { name: "b", space: spaceOf(b).id, weight: 0.25 },
        ],
      },
      data: [...card.lineage.data, ...data],
      losses: ["infoNce", "cosent"],
      versions: {},
      metrics: {},
    });
    expect(slerp(a, b, { t: 0.25 }).card.lineage.merged).toMatchObject({
      method: "slerp",
      models: [{ weight: 0.75 }, { weight: 0.25 }],
    });
  });

  it("a card with a merge that is none is refused", () => {
    const { card } = soup([filled("a", 1), filled("b", 2)]);
    const space = { ...card.space, id: `sha256:${"0".repeat(64)}` };
    const parse = (merged: unknown) =>
      parseCard({ ...card, space, lineage: { ...card.lineage, merged } }, "nearfold.json");
    expect(parse(card.lineage.merged).lineage.merged).toEqual(card.lineage.merged);
    for (const bad of ["soup", { method: "soup" }, { method: "soup", models: [{ name: "a" }] }]) {
      expect(() => parse(bad)).toThrow('field "lineage" is not usable');
    }
  });
});

describe("a greedy soup", () => {
  /** Scores a model by how near its weights are to a target. */
  const near = (target: number) => async (model: Model) => -Math.abs(fillOf(model) - target);
  it.each<[string, number[], number, number[], number]>([
    ["adds what helps, the best first", [0, 6, 20], 3.5, [0, 1], 3],
    ["leaves out what harms, and goes on", [4, 20, 1], 3, [0, 2], 2.5],
    ["keeps what leaves the score as it is", [2, 4], 3, [0, 1], 3],
    ["is the best alone where nothing helps", [5, 20, 30], 5, [0], 5],
    ["takes all where all help", [3, 6, 3], 4, [0, 2, 1], 4],
  ])("%s", async (_, fills, target, kept, fill) => {
    const models = fills.map((value, i) => filled(`m${i}`, value));
    const { model, score, steps } = await greedySoup(models, { score: near(target) });
    expect(
      steps
        .filter((step) => step.kept)
        .map(({ index }) => index)
        .sort(),
    ).toEqual([...kept].sort());
    expect(steps).toHaveLength(models.length);
    expect(fillOf(model)).toBe(fill);
    expect(score).toBe(await near(target)(model));
    const singles = await Promise.all(models.map(near(target)));
    expect(score).toBeGreaterThanOrEqual(Math.max(...singles));
    expect(steps[0]).toEqual({
      index: singles.indexOf(Math.max(...singles)),
      score: Math.max(...singles),
      kept: true,
    });
  });

  it("asks for no score twice", async () => {
    const seen: number[] = [];
    const score = async (model: Model) => seen.push(fillOf(model));
    await greedySoup([filled("a", 1), filled("b", 3)], { score, scores: [0.1, 0.2] });
    expect(seen).toEqual([2]);
  });
});

describe("models that differ in more than their weights are one clear mismatch", () => {
  const a = filled("a", 1);
  const other = toTokenizer(trainWordPiece(["another text"], { vocabSize: 300, wrap: false }));
  const cases: readonly (readonly [string, Model, string])[] = [
    [
      "another architecture",
      { ...tinyBert(), name: "b" },
      'b/config.json: these models can\'t be merged (got model_type "bert", wanted "static", as a/config.json)',
    ],
    [
      "another config",
      { ...a, name: "b", config: { vocabSize: 512, hiddenSize: 64 } },
      "b/config.json: these models can't be merged (got hiddenSize 64, wanted 48, as a/config.json)",
    ],
    [
      "another tokenizer",
      { ...a, name: "b", tokenizer: other },
      "b/tokenizer.json: these models can't be merged (got ",
    ],
    [
      "another head",
      { ...a, name: "b", head: { ...a.head, layers: [] } },
      "b/modules.json: these models can't be merged (got head.layers.0 nothing",
    ],
    [
      "another limit",
      { ...a, name: "b", maxTokens: Number.POSITIVE_INFINITY },
      "got maxTokens no limit, wanted 100",
    ],
    [
      "other prompts",
      { ...a, name: "b", prompts: { query: "", document: "" } },
      'b/config_sentence_transformers.json: these models can\'t be merged (got prompts.query "", wanted "query: "',
    ],
    [
      "a tower of queries",
      { ...a, name: "b", queryTower: a },
      "b/config.json: these models can't be merged (got queryTower ",
    ],
    [
      "other shapes",
      {
        ...a,
        name: "b",
        weights: new Map([["embedding.weight", floats(new Float32Array(4), [2, 2])]]),
      },
      'b/model.safetensors: these models can\'t be merged (got embedding.weight "[2,2]", wanted "[512,48]"',
    ],
    [
      "another tensor",
      {
        ...a,
        name: "b",
        weights: new Map([...a.weights, ["more", floats(new Float32Array(1), [1])]]),
      },
      'got more "[1]", wanted nothing',
    ],
  ];
  it.each(cases)("%s", async (_, b, message) => {
    expect(() => soup([a, b])).toThrow(message);
    expect(() => slerp(a, b)).toThrow(message);
    await expect(greedySoup([a, b], { score: async () => 1 })).rejects.toThrow(message);
  });

  it("the one that differs is named, of several", () => {
    expect(() => soup([a, filled("b", 2), { ...a, name: "c", maxTokens: 5 }])).toThrow(
      "c/modules.json",
    );
  });
});

describe("options that make no sense", () => {
  const [a, b] = [filled("a", 1), filled("b", 3)];
  it.each<[string, () => unknown, string]>([
    ["no model", () => soup([]), "there is no model to merge"],
    [
      "too few weights",
      () => soup([a, b], { weights: [1] }),
      "not the weights of these models (got 1, wanted 2 numbers above 0)",
    ],
    ["a weight of 0", () => soup([a, b], { weights: [1, 0] }), "got 1, 0"],
    [
      "weights beyond all bounds",
      () => soup([a, b], { weights: [1, Number.POSITIVE_INFINITY] }),
      "got 1, Infinity",
    ],
    [
      "a place before the first",
      () => slerp(a, b, { t: -0.1 }),
      "not a place between two models (got -0.1, wanted 0 to 1)",
    ],
    ["a place that is none", () => slerp(a, b, { t: Number.NaN }), "got NaN"],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });
});
