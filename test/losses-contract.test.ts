/** What every loss of the registry keeps, whatever it computes. Its numbers are in losses.test.ts. */
import { describe, expect, test } from "vitest";
import { NearfoldError } from "../src/errors.ts";
import { type Array64, array64 } from "../src/graph/array64.ts";
import { grad } from "../src/graph/grad.ts";
import { constant, graphOf, input, type Value } from "../src/graph/node.ts";
import { concat, dimOf, div, split } from "../src/graph/ops/index.ts";
import { evaluate } from "../src/graph/reference.ts";
import { sequence } from "../src/graph/rng.ts";
import {
  type Columns,
  type Embeddings,
  type Loss,
  type LossName,
  losses,
  type Needs,
  parseLoss,
} from "../src/losses/index.ts";
import type { Field } from "../src/losses/options.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats } from "../src/tensor/tensor.ts";

const WIDTH = 8;
const names = Object.keys(losses) as LossName[];
/** Modifiers are losses too, once they are around one. */
const cases = [
  ...names.map((name) => [name, name] as const),
  ["splade", { name: "splade", loss: "info-nce", documentWeight: 1, queryWeight: 1 }] as const,
  ["sum", { name: "sum", losses: ["info-nce", "flops"], weights: [1, 0.5] }] as const,
  ["matryoshka", { name: "matryoshka", loss: "cosent", dims: [8, 3] }] as const,
];

/** One column of hard negatives (or texts) more than the loss must have, where it may. */
const textsOf = ({ texts: { least, most } }: Needs) => Math.min(least + 1, most);

/** Texts lie column by column, as a training step has them: `[columns · B, D] -> columns`. */
function splitColumns(x: Value, count: number): Embeddings {
  const size = div(dimOf(x, 0), count);
  const parts = split(x, concat(Array<Value>(count).fill(size), 0), 0);
  const [anchors, positives, ...negatives] = parts;
  return { anchors, ...(positives && { positives }), negatives };
}

/** Labels and a teacher's embeddings, as graph inputs. */
function otherColumns(needs: Needs): Partial<Columns> {
  const count = textsOf(needs);
  const shape = needs.label === "candidate-scores" ? ["B", count - 1] : ["B"];
  const teacher = () => splitColumns(input("teacher", "float32", ["M", WIDTH]), count);
  return {
    ...(needs.label && { labels: input("labels", "float32", shape) }),
    ...(needs.teacher && { teacher: teacher() }),
  };
}

/** The loss as a graph for any size of batch, of vectors of a width. */
function build(loss: Loss, needs: Needs, width = WIDTH) {
  const embeddings = input("embeddings", "float32", ["N", width]);
  const value = loss({ ...splitColumns(embeddings, textsOf(needs)), ...otherColumns(needs) });
  return { value, gradient: grad(value, [embeddings])[0] };
}

type Feeds = ReadonlyMap<string, Array64>;

const labelsOf = {
  class: (i: number) => [i % 3],
  binary: (i: number) => [i % 2],
  cosine: (i: number) => [[0.9, -0.2, 0.4, 0.4, 0.1, 1][i % 6]],
  score: (i: number) => [[4, 1, 2.5, 2.5, 0, 5][i % 6]],
  "candidate-scores": (i: number) => [1 + (i % 4) / 3, 0.4 * (i % 3), 0.7 - 0.1 * i],
};

/** A batch of `size` rows of what the loss needs. */
function batch(needs: Needs, { size = 6, seed = 1 } = {}): Feeds {
  const count = textsOf(needs);
  const draw = sequence(seed);
  const vectors = () =>
    array64(
      [count * size, WIDTH],
      Array.from({ length: count * size * WIDTH }, () => 2 * draw() - 1),
    );
  const { label } = needs;
  const labels = label && Array.from({ length: size }, (_, i) => labelsOf[label](i));
  return new Map([
    ["embeddings", vectors()],
    ...(labels ? [["labels", labelArray(labels)] as const] : []),
    ...(needs.teacher ? [["teacher", vectors()] as const] : []),
  ]);
}

function labelArray(rows: readonly (readonly number[])[]): Array64 {
  const columns = rows[0].length;
  return array64(columns > 1 ? [rows.length, columns] : [rows.length], rows.flat());
}

/** ONNX Runtime on the same numbers, in float32. */
async function openLoss(loss: Loss, needs: Needs) {
  const session = await openSession(encodeModel(graphOf(build(loss, needs))).bytes);
  const run = async (feeds: Feeds) => {
    const tensors = [...feeds].map(
      ([name, { shape, data }]) => [name, floats(Float32Array.from(data), shape)] as const,
    );
    const { value, gradient } = await session.run(Object.fromEntries(tensors));
    return { value: value.data as Float32Array, gradient: gradient.data as Float32Array };
  };
  return { run, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() };
}

/** The feeds with each row's numbers taken from row `from(i)` of the same column. */
function rearranged(feeds: Feeds, size: number, from: (i: number) => number): Feeds {
  return new Map(
    [...feeds].map(([name, { shape, data }]) => {
      const rows = shape[0];
      const step = data.length / rows;
      const moved = Array.from({ length: rows }, (_, row) => {
        const source = row - (row % size) + from(row % size);
        return [...data.subarray(source * step, (source + 1) * step)];
      });
      return [name, array64(shape, moved.flat())];
    }),
  );
}

const filled = (feeds: Feeds, name: string, value: (i: number) => number): Feeds =>
  new Map(
    [...feeds].map(([key, { shape, data }]) => [
      key,
      array64(shape, key === name ? data.map((_, i) => value(i)) : data),
    ]),
  );

describe.each(cases)("%s", (_, json) => {
  const { loss, needs } = parseLoss(json);

  test("its gradient is that of central differences", () => {
    const { value, gradient } = build(loss, needs);
    const feeds = batch(needs);
    const { shape, data } = feeds.get("embeddings")!;
    const [found] = evaluate([gradient], feeds);
    const at = (i: number, x: number) => {
      const moved = new Map(feeds).set("embeddings", array64(shape, data.with(i, x)));
      return evaluate([value], moved)[0].data[0];
    };
    const step = 1e-6;
    const numeric = data.map((x, i) => (at(i, x + step) - at(i, x - step)) / (2 * step));
    expect(Math.max(...numeric.map(Math.abs))).toBeGreaterThan(1e-3);
    expect(found.data).toBeClose(numeric, { rtol: 1e-6, atol: 1e-6 });
  });

  test("ONNX Runtime agrees with the reference", async () => {
    await using opened = await openLoss(loss, needs);
    for (const size of [6, 9]) {
      const feeds = batch(needs, { size, seed: size });
      const { value, gradient } = build(loss, needs);
      const wanted = evaluate([value, gradient], feeds);
      const found = await opened.run(feeds);
      expect(found.value).toBeClose(wanted[0].data, { rtol: 1e-4, atol: 1e-6 });
      expect(found.gradient).toBeClose(wanted[1].data, { rtol: 1e-3, atol: 1e-4 });
    }
  });

  test("the order of the rows does not matter", () => {
    const { value } = build(loss, needs);
    const feeds = batch(needs);
    const [one] = evaluate([value], feeds);
    const [other] = evaluate(
      [value],
      rearranged(feeds, 6, (i) => (i * 5 + 2) % 6),
    );
    expect(other.data).toBeClose(one.data, { rtol: 1e-12 });
  });

  test("no batch gives a NaN", async () => {
    await using opened = await openLoss(loss, needs);
    const feeds = batch(needs);
    const degenerate: Record<string, Feeds> = {
      "one row": batch(needs, { size: 1 }),
      "equal rows": rearranged(feeds, 6, () => 0),
      "equal texts": filled(feeds, "embeddings", (i) => Math.sin(i % WIDTH)),
      "zero vectors": filled(feeds, "embeddings", () => 0),
      "zero vectors of a teacher": filled(feeds, "teacher", () => 0),
      "large vectors": filled(feeds, "embeddings", (i) => 1e3 * Math.sin(i)),
      "labels that are all 0": filled(feeds, "labels", () => 0),
      "labels that are all 1": filled(feeds, "labels", () => 1),
      "labels that all differ": filled(feeds, "labels", (i) => i),
    };
    for (const [what, one] of Object.entries(degenerate)) {
      const { value, gradient } = await opened.run(one);
      const finite = Number.isFinite(value[0]) && gradient.every(Number.isFinite);
      expect(finite, `${what}: ${value[0]}, gradient ${gradient.slice(0, 8)}`).toBe(true);
    }
  });

  test("a batch without what it needs is refused", () => {
    const [anchors, positives] = ["a", "p"].map((name) => input(name, "float32", ["B", WIDTH]));
    const less: Columns[] = [
      ...(needs.texts.least > 1 ? [{ anchors, negatives: [] }] : []),
      ...(needs.texts.least > 2 ? [{ anchors, positives, negatives: [] }] : []),
      ...(needs.label || needs.teacher ? [{ anchors, positives, negatives: [positives] }] : []),
    ];
    for (const columns of less) {
      expect(() => loss(columns)).toThrow(NearfoldError);
      expect(() => loss(columns)).toThrow(/wanted/);
    }
  });
});

const towers = ["anchor-document", "document-anchor"];

/** Values that are not the default (of a loss or another), and beside what they make a difference. */
const others: Record<string, { readonly values: readonly unknown[]; readonly beside?: object }> = {
  temperature: { values: [0.37] },
  similarity: { values: ["cosine", "dot"] },
  distance: { values: ["cosine", "euclidean"] },
  margin: { values: [0.37, 3] },
  marginStrategy: { values: ["relative"], beside: { margin: 0.3 } },
  contrast: { values: [[]] },
  directions: { values: [towers] },
  partition: { values: ["per-direction"], beside: { directions: towers } },
  hardness: { values: [{ of: "in-batch", strength: 2 }] },
  reduction: { values: ["sum"] },
  aggregation: { values: ["sum"] },
  meanWeight: { values: [3] },
  secondMomentWeight: { values: [3] },
  threshold: { values: [WIDTH] },
  among: { values: ["batch"] },
};

describe.each(names)("options of %s", (name) => {
  const { options, needs } = losses[name];

  test.each(Object.keys(options))("%s counts", (option) => {
    const { values, beside } = others[option];
    const feeds = batch(needs, { size: 12 });
    const lossWith = (more: object) => {
      const { loss } = parseLoss({ name, ...beside, ...more });
      return evaluate([build(loss, needs).value], feeds)[0].data[0];
    };
    const changes = values.map((value) => Math.abs(lossWith({ [option]: value }) - lossWith({})));
    expect(Math.max(...changes)).toBeGreaterThan(1e-6);
  });

  test.each(Object.entries<Field<unknown>>(options))("%s is checked", (option, { wanted }) => {
    for (const value of [Number.NaN, -Infinity, null, {}, "no such", [[]], true]) {
      const make = losses[name].make as (options: object) => Loss;
      expect(() => make({ [option]: value })).toThrow(`${option} is not usable (got `);
      expect(() => make({ [option]: value })).toThrow(`wanted ${wanted})`);
    }
  });

  test("others are refused", () => {
    expect(() => parseLoss({ name, margn: 1 })).toThrow(
      `loss, ${name}: no such option (got margn, wanted ${Object.keys(options).join(", ") || "no options"})`,
    );
  });
});

const distills = (name: string) => name === "embed-distill" || name === "mse";

describe("matryoshka", () => {
  const heads = (feeds: Feeds, width: number): Feeds => {
    const { shape, data } = feeds.get("embeddings")!;
    const kept = [...data].filter((_, i) => i % WIDTH < width);
    return new Map(feeds).set("embeddings", array64([shape[0], width], kept));
  };

  test.each(names.filter((name) => !distills(name)))("of %s is its sum over prefixes", (name) => {
    const { loss, needs } = parseLoss({
      name: "matryoshka",
      loss: name,
      dims: [WIDTH, 4],
      weights: [1, 0.5],
    });
    expect(needs).toEqual(losses[name].needs);
    const feeds = batch(needs);
    const [whole] = evaluate([build(loss, needs).value], feeds);
    const plain = parseLoss(name).loss;
    const parts = [WIDTH, 4].map(
      (width) => evaluate([build(plain, needs, width).value], heads(feeds, width))[0].data[0],
    );
    expect(whole.data).toBeClose([parts[0] + 0.5 * parts[1]], { rtol: 1e-12 });
  });

  test.each(names.filter(distills))("of %s is refused: a teacher's vectors stay whole", (name) => {
    const { loss, needs } = parseLoss({ name: "matryoshka", loss: name, dims: [WIDTH, 4] });
    expect(() => build(loss, needs)).toThrow(/of another width/);
  });
});

describe("columns that do not fit each other", () => {
  const column = (name: string, width = WIDTH) => input(name, "float32", ["B", width]);
  const [anchors, positives, n] = ["a", "p", "n"].map((name) => column(name));
  const pair = { anchors, positives, negatives: [] };
  const triple = { ...pair, negatives: [n] };
  const labels = (...shape: (string | number)[]) => input("labels", "float32", shape);
  const refused: [string, string, Columns, RegExp][] = [
    ["labels of candidates for a pair", "cosent", { ...pair, labels: labels("B", 2) }, /B,2/],
    ["scores of others", "distill-kl-div", { ...triple, labels: labels("B", 3) }, /float32\[B,2\]/],
    ["margins to distil", "distill-kl-div", { ...triple, labels: labels("B") }, /float32\[B,2\]/],
    ["scores of others", "margin-mse", { ...triple, labels: labels("B", 3) }, /B,2\] or float/],
    [
      "one margin for two negatives",
      "margin-mse",
      { ...triple, negatives: [n, n], labels: labels("B") },
      /wanted float32\[B,3\] or float32\[B,2\]/,
    ],
    ["a guide of fewer columns", "gist", { ...triple, teacher: pair }, /got 0 .*, wanted 1/],
    ["a guide of anchors", "gist", { ...pair, teacher: { anchors, negatives: [] } }, /positives/],
    ["a teacher of other columns", "mse", { ...triple, teacher: pair }, /wanted 1, or all 3/],
    [
      "a teacher of another width",
      "embed-distill",
      { ...pair, teacher: { anchors: column("t", 5), negatives: [] } },
      /got float32\[B,5\], wanted float32\[B,8\]/,
    ],
  ];
  test.each(refused)("%s: %s refuses", (_, name, columns, message) => {
    expect(() => parseLoss(name).loss(columns)).toThrow(message);
  });

  test("more dims than the vectors have", () => {
    const { loss } = parseLoss({ name: "matryoshka", loss: "info-nce", dims: [WIDTH + 1] });
    expect(() => loss(pair)).toThrow("wanted at most 8");
  });
});

describe("what is not in a golden", () => {
  const of = (json: unknown, columns: Columns) => [
    ...evaluate([parseLoss(json).loss(columns)], new Map())[0].data,
  ];
  const held = (...rows: number[][]) =>
    constant(floats(rows.flat(), [rows.length, rows[0].length]));

  test("a teacher of the anchors alone is the target of every column", () => {
    const columns = { anchors: held([1, 2]), positives: held([4, 6]), negatives: [] };
    const teacher = { anchors: held([1, 0]), negatives: [] };
    expect(of("mse", { ...columns, teacher })).toEqual([(4 / 2 + (9 + 36) / 2) / 2]);
  });

  test("a teacher's similarities, and the order of them", () => {
    const teacher = (...rows: number[][]) => ({ anchors: held(...rows), negatives: [] });
    const two = { anchors: held([1, 0], [0, 2]), negatives: [] };
    // Of the four cosines two are 0 and should be 0.6.
    const close = of("similarity-matrix", { ...two, teacher: teacher([1, 0], [3, 4]) });
    expect(close).toBeClose([(2 * 0.6 ** 2) / 4], { rtol: 1e-9 });
    const three = { anchors: held([1, 0], [0, 1], [-1, 0]), negatives: [] };
    // Of the eight pairs that the teacher orders, the student has one the other way round, by 1.
    const json = { name: "relative-ranking", margin: 0 };
    const order = of(json, { ...three, teacher: teacher([1, 0], [-1, 0], [0, 1]) });
    expect(order).toBeClose([1 / 8], { rtol: 1e-9 });
  });

  test("AnglE of an odd width is that of a zero more", () => {
    const rows = [
      [1, 2, -1],
      [0.5, -1, 2],
      [2, 0.3, 1],
      [-1, 1, 0.2],
    ];
    const columns = (wide: (row: number[]) => number[]): Columns => ({
      anchors: held(...rows.slice(0, 2).map(wide)),
      positives: held(...rows.slice(2).map(wide)),
      negatives: [],
      labels: constant(floats([0, 1], [2])),
    });
    const padded = of(
      "angle",
      columns((row) => [...row, 0]),
    );
    expect(
      of(
        "angle",
        columns((row) => row),
      ),
    ).toBeClose(padded, { rtol: 1e-12 });
  });

  test("a sum has its weights", () => {
    const columns = { anchors: held([1, 2], [3, 4]), negatives: [] };
    const plain = of("flops", columns)[0];
    const dense = of({ name: "flops", threshold: 1 }, columns)[0];
    const json = {
      name: "sum",
      losses: ["flops", { name: "flops", threshold: 1 }],
      weights: [2, 0.5],
    };
    expect(of(json, columns)).toBeClose([2 * plain + 0.5 * dense], { rtol: 1e-12 });
  });

  test("SPLADE regularizes queries and documents apart", () => {
    const columns = { anchors: held([1, 2]), positives: held([3, 1]), negatives: [held([1, 1])] };
    const json = {
      name: "splade",
      loss: "info-nce",
      queryWeight: 10,
      documentWeight: 100,
      documentThreshold: 1,
    };
    const extra = of(json, columns)[0] - of("info-nce", columns)[0];
    expect([extra]).toBeClose([10 * (1 + 4) + 100 * (2 ** 2 + 1)], { rtol: 1e-9 });
  });
});
