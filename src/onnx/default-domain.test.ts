import { describe, expect, test } from "vitest";
import { array64 } from "../graph/array64.ts";
import { constant, input, makeNode, only, topological, type Value } from "../graph/node.ts";
import { gelu, matmul, mul, reshape, rmsNorm, rotary, silu } from "../graph/ops/index.ts";
import { evaluate } from "../graph/reference.ts";
import { floats, longs } from "../tensor/tensor.ts";
import { toDefaultDomain } from "./default-domain.ts";
import { opsetsOf } from "./opset.ts";

const x = input("x", "float32", [2, 3, 4]);
const y = input("y", "float32", [2, 5, 4]);
const z = input("z", "float32", [2, 3, 5]);
const w = input("w", "float32", [4]);
const x4 = reshape(x, [1, 3, 8]);
const rows = constant(longs([1, 0, 1], [1, 3]));
const table = constant(floats([0.1, 0.7, -0.3, 0.9], [2, 2]));
const shapes = { x: [2, 3, 4], y: [2, 5, 4], z: [2, 3, 5], w: [4] };
const feeds = new Map(
  Object.entries(shapes).map(([name, shape], seed) => {
    const size = shape.reduce((a, b) => a * b);
    return [
      name,
      array64(
        shape,
        Float64Array.from({ length: size }, (_, i) => 3 * Math.sin(7 * i + seed)),
      ),
    ];
  }),
);

const cases: [name: string, value: Value, opset: number][] = [
  ["exact GELU by Erf", gelu(x), 13],
  ["GELU by tanh", gelu(x, { tanh: true }), 13],
  ["SiLU", silu(x), 13],
  ["quick GELU", silu(x, 1.702), 13],
  ["a · bᵀ, scaled", matmul(x, y, { transB: true, alpha: 0.25 }), 13],
  ["aᵀ · b", matmul(x, z, { transA: true }), 13],
  ["RMS normalisation", rmsNorm(x, w, { epsilon: 0.1 }), 18],
  ["rotation", rotary(mul(x4, 1), rows, table, mul(table, 0.5)), 13],
  ["one rewritten op over another", gelu(matmul(gelu(x), y, { transB: true })), 13],
];

describe("the same numbers by ONNX's own ops", () => {
  test.each(cases)("%s", (_, value, opset) => {
    const [rewritten] = toDefaultDomain([value]);
    const [wanted, found] = evaluate([value, rewritten], feeds);
    expect(found.shape).toEqual(wanted.shape);
    expect(found.data).toBeClose(wanted.data, { rtol: 1e-6, atol: 1e-6 });
    const nodes = topological([rewritten]);
    expect(nodes.filter(({ op }) => op.startsWith("Simplified"))).toEqual([]);
    expect(opsetsOf(nodes.filter(({ op }) => op !== "Input" && op !== "Constant"))).toEqual({
      "": opset,
    });
  });
});

test("a graph that needs nothing is kept itself", () => {
  const value = mul(x, 2);
  expect(toDefaultDomain([value])[0]).toBe(value);
});

test.each([
  ["another op of ONNX Runtime's", { op: "BiasGelu", domain: "com.microsoft" }],
  [
    "an attribute our builders don't write",
    { op: "FusedMatMul", domain: "com.microsoft", attrs: { transBatchA: 1 } },
  ],
])("what has no rule is named: %s", (_, init) => {
  const value = only(makeNode({ ...init, inputs: [x, w], types: [x] }));
  expect(() => toDefaultDomain([value])).toThrow(`got com.microsoft.${init.op}`);
});
