import { describe, expect, test } from "vitest";
import { floats } from "../tensor/tensor.ts";
import { array64 } from "./array64.ts";
import { UNKNOWN } from "./dim.ts";
import { grad, gradients } from "./grad.ts";
import {
  type Attributes,
  constant,
  graphOf,
  input,
  int64s,
  makeNode,
  only,
  scalar,
  topological,
  type Value,
} from "./node.ts";
import { applyAll } from "./op.ts";
import * as o from "./ops/index.ts";
import { print } from "./print.ts";
import { evaluate } from "./reference.ts";
import { rewrite, share, substitute } from "./rewrite.ts";
import { UNRANKED } from "./unknown-type.ts";

const x = input("x", "float32", ["T", 4]);
const w = input("w", "float32", [3, 4]);
const ids = input("ids", "int32", ["N"]);
const feeds = new Map([
  ["x", array64([2, 4], [1, 2, 3, 4, 5, 6, 7, 8])],
  ["w", array64([3, 4], [1, 0, 0, 1, 0, 1, 1, 0, 2, 0, 0, 0])],
  ["ids", array64([3], [2, 0, 2])],
]);

/** A node as a file might hold it: no rule has seen it. */
function imported(op: string, inputs: readonly Value[], attrs: Attributes = {}): Value {
  return only(makeNode({ op, inputs, attrs, types: [x], name: "of.a.file" }));
}

describe("nodes", () => {
  test("are frozen", () => {
    const { node } = o.add(x, 1);
    expect(() => Object.assign(node, { op: "Sub" })).toThrow(TypeError);
    expect(() => (node.inputs as unknown[]).push(x)).toThrow(TypeError);
  });

  test("come after their inputs, however deep the graph", () => {
    let deep = x;
    for (let i = 0; i < 20_000; i++) deep = o.neg(deep);
    expect(topological([deep]).length).toBe(20_001);
  });

  test.each([
    [
      "sizes that clash",
      () => o.add(x, constant(floats([1, 2, 3]))),
      /Add .*got float32\[T,4\] and float32\[3\]/,
    ],
    ["inner sizes that differ", () => o.matmul(x, w), /MatMul .*float32\[T,4\] · float32\[3,4\]/],
    [
      "dtypes that differ",
      () => o.add(x, constant({ dtype: "int32", shape: [4], data: new Int32Array(4) })),
      /equal dtypes/,
    ],
    [
      "a reshape to another size",
      () => o.reshape(constant(floats([1, 2, 3])), [2, 2]),
      /as many elements/,
    ],
    [
      "two inputs of one name",
      () => graphOf({ y: o.add(x, input("x", "float32", ["T", 4])) }),
      /share a name/,
    ],
  ])("refuse %s", (_, build, message) => {
    expect(build).toThrow(message);
  });
});

test("a person can read a graph", () => {
  const y = o.relu(o.add(o.matmul(x, w, { transB: true }), constant(floats([1, 2, 3]))));
  expect(print(graphOf({ y }))).toBe(
    [
      "input w : float32[3,4]",
      "input x : float32[T,4]",
      "%1 = com.microsoft.FusedMatMul(x, w) transA=0 transB=1 alpha=1 : float32[T,3]",
      "%2 = Add(%1, float32[3]{1, 2, 3}) : float32[T,3]",
      "%3 = Relu(%2) : float32[T,3]",
      "return y = %3",
    ].join("\n"),
  );
});

describe("rewriting", () => {
  const shared = o.exp(x);
  const y = o.add(o.mul(shared, 2), o.tanh(x));

  test("keeps what did not change", () => {
    const [rewritten] = rewrite([y], (node) =>
      node.op === "Tanh" ? [o.sin(node.inputs[0]!)] : undefined,
    );
    expect(rewritten).not.toBe(y);
    expect(rewritten.node.inputs[0]).toBe(y.node.inputs[0]);
    expect(rewrite([y], () => undefined)[0]).toBe(y);
  });

  test("puts values in the place of others", () => {
    const [out] = substitute([y], new Map([[x, constant(floats([0, 0, 0, 0], [1, 4]))]]));
    expect([...evaluate([out], new Map())[0].data]).toEqual([2, 2, 2, 2]);
  });

  test("merges equal expressions, small constants among them", () => {
    const twice = o.add(o.mul(o.exp(x), 2), o.mul(o.exp(x), 2));
    const [merged] = share([twice]);
    expect(topological([twice]).length).toBe(8);
    expect(topological([merged]).length).toBe(5);
    expect(evaluate([merged], feeds)).toEqual(evaluate([twice], feeds));
  });

  test("never merges what has a gradient of its own", () => {
    const apart = o.add(o.exp(x), o.stopGradient(o.exp(x)));
    expect(topological(share([apart])).filter(({ op }) => op === "Identity").length).toBe(1);
    const [g] = grad(o.reduceSum(share([apart])[0]), [x]);
    expect(evaluate([g], feeds)[0].data).toBeClose(feeds.get("x")!.data.map(Math.exp), {
      rtol: 1e-12,
    });
  });
});

describe("gradients", () => {
  test("add up where a value is used twice, and sum what was broadcast", () => {
    const b = input("b", "float32", [4]);
    const loss = o.reduceSum(o.mul(o.add(x, b), o.add(x, b)));
    const all = new Map([...feeds, ["b", array64([4], [1, 1, 1, 1])]]);
    const [g] = evaluate(grad(loss, [b]), all);
    expect([...g.data]).toEqual([2 * (2 + 6), 2 * (3 + 7), 2 * (4 + 8), 2 * (5 + 9)]);
    expect(g.shape).toEqual([4]);
  });

  test("of a table come as rows", () => {
    const table = input("w", "float32", ["V", 4]);
    const rows = o.gather(table, ids);
    const loss = o.reduceSum(o.mul(rows, rows));
    const { dense, rows: found } = gradients(new Map([[loss, scalar(1)]]), [], { rows: [table] });
    const [entry] = found.get(table)!;
    expect(dense.size).toBe(0);
    expect(entry.indices).toBe(ids);
    expect([...evaluate([entry.rows], feeds)[0].data.slice(0, 4)]).toEqual([4, 0, 0, 0]);
  });

  test("of a table that a product reads too have a dense part", () => {
    const loss = o.reduceSum(o.matmul(o.gather(w, ids), w, { transB: true }));
    const { dense, rows } = gradients(new Map([[loss, scalar(1)]]), [], { rows: [w] });
    const sum = evaluate([dense.get(w)!, rows.get(w)![0].rows], feeds);
    const whole = evaluate(grad(loss, [w]), feeds)[0];
    const total = sum[0].data.slice();
    [2, 0, 2].forEach((row, n) => {
      for (let i = 0; i < 4; i++) total[row * 4 + i] += sum[1].data[n * 4 + i];
    });
    expect(total).toBeClose(whole.data, { rtol: 1e-12 });
  });

  test("with respect to a value inside the graph", () => {
    const inner = o.exp(x);
    const { dense } = gradients(new Map([[o.reduceSum(o.mul(inner, 3)), scalar(1)]]), [inner]);
    expect([...evaluate([dense.get(inner)!], feeds)[0].data]).toEqual(Array(8).fill(3));
  });

  test.each([
    ["turns out to be 1", [1, 4], [1, 1]],
    ["turns out to be more", [3, 4], [3, 1]],
  ] as const)("of what may have been broadcast: a size that %s", (_, shape, gradientShape) => {
    const a = input("a", "float32", [UNKNOWN, UNKNOWN]);
    const b = input("b", "float32", ["T", 4]);
    const fed = new Map([
      ["a", array64([shape[0], 1], Array(shape[0]).fill(2))],
      ["b", array64([3, 4], Array(12).fill(1))],
    ]);
    const [g] = evaluate(grad(o.reduceSum(o.mul(a, b)), [a]), fed);
    expect(g.shape).toEqual(gradientShape);
    expect([...g.data]).toEqual(Array(shape[0]).fill(12 / shape[0]));
  });

  test("pass by what a comparison chose", () => {
    const positive = o.cast(o.greater(x, 2.5), "float32");
    const [g] = evaluate(grad(o.reduceSum(o.mul(x, positive)), [x]), feeds);
    expect([...g.data]).toEqual([0, 0, 1, 1, 1, 1, 1, 1]);
  });

  test("do not pass by a size", () => {
    const size = o.cast(o.elementCount(x), "float32");
    const [g] = evaluate(grad(o.reduceSum(o.div(x, size)), [x]), feeds);
    expect([...g.data]).toEqual(Array(8).fill(1 / 8));
  });

  test("of a slice whose start is computed", () => {
    const from = input("from", "int64", [1]);
    const [y] = applyAll("Slice", o.ops.Slice, [w, from, int64s([3]), int64s([1])]);
    const [g] = evaluate(
      grad(o.reduceSum(y), [w]),
      new Map([...feeds, ["from", array64([1], [-3])]]),
    );
    expect([...g.data]).toEqual([0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0]);
  });

  test("come last layer first, so that each frees its layer", () => {
    const layer = (at: string) => input(at, "float32", [4, 4]);
    const names = ["a", "b", "c"];
    const weights = names.map(layer);
    const out = weights.reduce((h, weight) => o.tanh(o.matmul(h, weight)), x);
    const { dense } = gradients(new Map([[o.reduceSum(out), scalar(1)]]), weights);
    expect([...dense.keys()].map((value) => value.node.name)).toEqual(["c", "b", "a"]);
  });

  test("a rule of a node's own stands in for the op's", () => {
    const [g] = grad(
      o.reduceSum(
        o.permuteRows(
          x,
          constant({ dtype: "int32", shape: [2], data: Int32Array.of(1, 0) }),
          constant({ dtype: "int32", shape: [2], data: Int32Array.of(1, 0) }),
        ),
      ),
      [x],
    );
    expect(topological([g]).some(({ op }) => op === "ScatterElements")).toBe(false);
  });

  test.each([
    [
      "a step function",
      () => o.reduceSum(o.sign(x)),
      /Sign has no gradient: a step function.*\(at|Sign has no gradient/,
    ],
    [
      "the path is named",
      () => o.reduceSum(o.mul(o.sign(o.exp(x)), 2)),
      /ReduceSum <- Mul <- Sign/,
    ],
    [
      "an op that is not in the table",
      () =>
        o.reduceSum(
          makeNode({
            op: "Mystery",
            domain: "com.example",
            inputs: [x],
            types: [x],
            name: "layer.3",
          }).outputs[0],
        ),
      /node layer\.3: Mystery has no gradient: it is not in the op table/,
    ],
    [
      "what was rounded on the way",
      () => o.reduceSum(o.mul(o.cast(o.cast(x, "int32"), "float32"), 2)),
      /Cast has no gradient: .*steps of int32.*ReduceSum <- Mul <- Cast <- Cast$/,
    ],
    [
      "an op that loops",
      () => o.reduceSum(only(makeNode({ op: "Loop", inputs: [x], types: [x], name: "decode" }))),
      /node decode: Loop has no gradient: .*The path from the loss: ReduceSum <- Loop \(decode\)$/,
    ],
    [
      "a form of an op that its rule does not know",
      () => o.reduceSum(imported("LayerNormalization", [x, w], { axis: 0 })),
      /node of\.a\.file: LayerNormalization has no gradient: not from float32\[T,4\], float32\[3,4\] to float32\[T,4\]/,
    ],
    [
      "a node that says it gives something else",
      () => o.reduceSum(imported("Transpose", [o.unsqueeze(x, [2])])),
      /Transpose has no gradient: not from float32\[T,4,1\] to float32\[T,4\]/,
    ],
    [
      "a value of unknown rank",
      () => {
        const unranked = makeNode({ op: "Exp", inputs: [x], types: [{ ...x, shape: UNRANKED }] });
        return o.reduceSum(imported("Tanh", [only(unranked)]));
      },
      /^Exp has no gradient: its shape is not known.*ReduceSum <- Tanh \(of\.a\.file\) <- Exp$/,
    ],
    [
      "a setting that a rule does not know, with the path",
      () => {
        const ends = [[0], [4], [1], [2]].map((list) => int64s(list));
        return o.reduceSum(o.exp(imported("Slice", [x, ...ends])));
      },
      /node of\.a\.file: Slice has no gradient: .*ReduceSum <- Exp <- Slice \(of\.a\.file\)$/,
    ],
    ["a loss that is no scalar", () => x, /got float32\[T,4\], wanted shape \[\]/],
  ])("refuse %s", (_, build, message) => {
    expect(() => grad(build(), [x])).toThrow(message);
  });
});
