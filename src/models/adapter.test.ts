import { expect, test } from "vitest";
import { array64 } from "../graph/array64.ts";
import { input, type Value } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import { add, matmul, mul, products, tanh } from "../graph/ops/index.ts";
import { evaluate } from "../graph/reference.ts";
import { addLora } from "../nn/lora.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import { mergeAdapter } from "./adapter.ts";

const x = input("x", "float32", ["T", 3]);
const rows = array64([2, 3], [0.1, -0.5, 0.9, 1.2, 0.3, -0.7]);

test.each<[string, (x: Value, weight: Value) => Value]>([
  ["read twice, by other rows each time", (x, w) => matmul(tanh(matmul(x, w)), w)],
  ["read twice, by the same rows", (x, w) => add(matmul(x, w), mul(matmul(x, w), 2))],
  ["of a product with a factor", (x, w) => matmul(x, w, { transB: true, alpha: 0.5 })],
  [
    "of a Gemm with a factor",
    (x, w) => apply("Gemm", products.Gemm, [x, w], { transB: 1, alpha: { float: 3 } }),
  ],
])("of a weight that is %s are the merged weight's values", (_, build) => {
  const weight = input("w", "float32", [3, 3]);
  const config = { rank: 2, alpha: 6, targets: "all-linear" };
  const { values, sites } = addLora([build(x, weight)], config);
  const numbers = (name: string, shape: number[], seed: number) =>
    [
      name,
      floats(
        Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i + seed)),
        shape,
      ),
    ] as const;
  const base = new Map([numbers("w", [3, 3], 1)]);
  const matrices = new Map([
    numbers("w.lora_A.weight", [2, 3], 2),
    numbers("w.lora_B.weight", [3, 2], 3),
  ]);
  const beside = new Map([...base, ...matrices]);
  const merged = mergeAdapter(base, { config, sites, weights: matrices });
  const run = (value: Value, weights: ReadonlyMap<string, Tensor<"float32">>) => {
    const arrays = [...weights].map(([name, t]) => [name, array64(t.shape, t.data)] as const);
    return evaluate([value], new Map([...arrays, ["x", rows]]))[0].data;
  };
  expect(run(values[0], beside)).toBeClose(run(build(x, weight), merged), {
    rtol: 1e-5,
    atol: 1e-6,
  });
});
