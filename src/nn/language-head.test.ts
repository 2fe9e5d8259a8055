import { describe, expect, test } from "vitest";
import { type Array64, array64 } from "../graph/array64.ts";
import { gradients } from "../graph/grad.ts";
import { input, scalar, topological, type Value } from "../graph/node.ts";
import { gather, mul, tanh } from "../graph/ops/index.ts";
import { evaluate } from "../graph/reference.ts";
import { share } from "../graph/rewrite.ts";
import { nextTokenLoss } from "./language-head.ts";

const [T, D, V] = [5, 3, 7];
const ids = [2, 6, 0, 2, 5];
/** The last entry only fills the shape up; rows and targets repeat. */
const predictions = { rows: [0, 3, 3, 1, 0], targets: [6, 2, 4, 6, 1], weights: [1, 0.5, 2, 1, 0] };

const wave = (size: number, phase: number) =>
  Array.from({ length: size }, (_, i) => Math.sin(12.9 * (i + phase)) * 1.5);

/** A loss of token vectors that are a function of the table, so that a tied head is read in two ways. */
function lossOf(tied: boolean) {
  const table = input("table", "float32", [V, D]);
  const head = tied ? table : input("head", "float32", [V, D]);
  const tokens = tanh(mul(gather(table, input("ids", "int32", ["T"])), 0.75));
  const loss = nextTokenLoss(tokens, head, {
    rows: input("rows", "int32", ["M"]),
    targets: input("targets", "int32", ["M"]),
    weights: input("weights", "float32", ["M"]),
  });
  return { loss, table, head };
}

const weights: Record<string, number[]> = { table: wave(V * D, 1), head: wave(V * D, 50) };
const feeds = (of: Record<string, number[]> = weights) =>
  new Map<string, Array64>([
    ["table", array64([V, D], of.table)],
    ["head", array64([V, D], of.head)],
    ["ids", array64([T], ids)],
    ...Object.entries(predictions).map(
      ([name, values]) => [name, array64([values.length], values)] as [string, Array64],
    ),
  ]);

/** By hand, from the definition. */
function byHand(of: Record<string, number[]>, tied: boolean): number {
  const row = (table: number[], i: number) => table.slice(i * D, (i + 1) * D);
  const head = tied ? of.table : of.head;
  const each = predictions.rows.map((r, m) => {
    const h = row(of.table, ids[r]).map((x) => Math.tanh(0.75 * x));
    const logits = Array.from({ length: V }, (_, v) =>
      row(head, v).reduce((sum, x, i) => sum + x * h[i], 0),
    );
    const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
    return Math.log(total) - logits[predictions.targets[m]];
  });
  const sum = predictions.weights.reduce((a, b) => a + b);
  return each.reduce((total, x, m) => total + predictions.weights[m] * x, 0) / sum;
}

describe.each([
  ["a head of its own", false],
  ["a head that is the table", true],
])("%s", (_, tied) => {
  const { loss, table, head } = lossOf(tied);
  const names = tied ? ["table"] : ["table", "head"];
  const found = gradients(new Map([[loss, scalar(1)]]), tied ? [] : [head], { rows: [table] });
  const dense: Record<string, Value | undefined> = {
    table: found.dense.get(table),
    head: found.dense.get(head),
  };
  const outputs = Object.fromEntries(
    names.flatMap((n) => (dense[n] ? [[`d.${n}`, dense[n]]] : [])),
  );

  test("the loss is the cross-entropy of the tokens to come", () => {
    expect(evaluate([loss], feeds())[0].data[0]).toBeCloseTo(byHand(weights, tied), 12);
  });

  test("gradients are central differences: the table's as rows, and a tied head's dense beside them", () => {
    expect(Object.keys(outputs)).toEqual([tied ? "d.table" : "d.head"]);
    const parts = found.rows.get(table)!;
    expect(parts.length).toBe(1);
    const [rows, ...gs] = evaluate([parts[0].rows, ...Object.values(outputs)], feeds());
    const all: Record<string, number[]> = { table: Array(V * D).fill(0), head: [] };
    Object.keys(outputs).forEach((name, i) => {
      all[name.slice(2)] = [...gs[i].data];
    });
    ids.forEach((id, t) => {
      for (let i = 0; i < D; i++) all.table[id * D + i] += rows.data[t * D + i];
    });
    const step = 1e-6;
    for (const name of names) {
      const numeric = weights[name].map((x, at) => {
        const value = (moved: number) =>
          byHand({ ...weights, [name]: weights[name].with(at, moved) }, tied);
        return (value(x + step) - value(x - step)) / (2 * step);
      });
      expect(all[name], name).toBeClose(numeric, { rtol: 1e-6, atol: 1e-8 });
    }
  });
});

describe("where a plain formula would break", () => {
  const run = (table: number[], weights: number[]) => {
    const { loss, table: value } = lossOf(true);
    const [g] = evaluateAll(loss, value);
    const fed = feeds({ table, head: [] });
    fed.set("weights", array64([weights.length], weights));
    return evaluate([loss, g], fed).map(({ data }) => [...data]);
  };
  const evaluateAll = (loss: Value, table: Value) => [
    gradients(new Map([[loss, scalar(1)]]), [table]).dense.get(table)!,
  ];

  test("nothing to predict: 0, and no gradient", () => {
    const [[loss], g] = run(weights.table, [0, 0, 0, 0, 0]);
    expect(loss).toBe(0);
    expect(g.every((x) => x === 0)).toBe(true);
  });

  test("logits far beyond what exp can hold", () => {
    const [[loss], g] = run(
      weights.table.map((x) => x * 1e4),
      predictions.weights,
    );
    expect(Number.isFinite(loss) && loss > 1000).toBe(true);
    expect(g.every(Number.isFinite)).toBe(true);
  });
});

test("backwards, the softmax is the one array of the logits' size that is made, and made over", () => {
  const { loss, table } = lossOf(true);
  const { dense } = gradients(new Map([[loss, scalar(1)]]), [table]);
  const nodes = topological(share([loss, dense.get(table)!]));
  const large = nodes.filter(({ outputs }) => `${outputs[0].shape}` === `M,${V}`);
  expect(large.map(({ op }) => op)).toEqual([
    "FusedMatMul",
    "LogSoftmax",
    "Exp",
    "Mul",
    "ScatterElements",
  ]);
});
