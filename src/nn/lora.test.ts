import { describe, expect, test } from "vitest";
import { array64 } from "../graph/array64.ts";
import { gradients } from "../graph/grad.ts";
import { input, scalar, topological, type Value } from "../graph/node.ts";
import { add, matmul, mul, reduceSum } from "../graph/ops/index.ts";
import { evaluate } from "../graph/reference.ts";
import { linear } from "./linear.ts";
import { addLora, matcher } from "./lora.ts";
import { scope, weightInputs } from "./weights.ts";

const { weights } = weightInputs();
const x = mul(input("x", "float32", ["T", 3]), 1);
const layer = (from: Value, name: string, bias: boolean) =>
  linear(from, scope(weights, name), { in: 3, out: 3, bias });
const hidden = layer(x, "block.first", true);
const y = layer(hidden, "block.second", false);

const feeds = new Map(
  Object.entries({
    x: [2, 3],
    "block.first.weight": [3, 3],
    "block.first.bias": [3],
    "block.second.weight": [3, 3],
    "block.first.lora_A.weight": [2, 3],
    "block.first.lora_B.weight": [3, 2],
    "block.second.lora_A.weight": [2, 3],
    "block.second.lora_B.weight": [3, 2],
  }).map(([name, shape], seed) => {
    const size = shape.reduce((a, b) => a * b);
    return [
      name,
      array64(
        shape,
        Float64Array.from({ length: size }, (_, i) => Math.sin(3 * i + seed)),
      ),
    ];
  }),
);

describe("adapters", () => {
  test("are the layer with W + alpha / rank · B A", () => {
    const { values, sites } = addLora([y], { rank: 2, alpha: 6, targets: ["second"] });
    expect(sites).toEqual([{ weight: "block.second.weight", outFirst: true, in: 3, out: 3 }]);
    const weight = (name: string) => feeds.get(name)!;
    const [w, a, b] = ["weight", "lora_A.weight", "lora_B.weight"].map((part) =>
      weight(`block.second.${part}`),
    );
    const merged = array64([3, 3]);
    for (let o = 0; o < 3; o++) {
      for (let i = 0; i < 3; i++) {
        merged.data[o * 3 + i] = w.data[o * 3 + i];
        for (let r = 0; r < 2; r++)
          merged.data[o * 3 + i] += 3 * b.data[o * 2 + r] * a.data[r * 3 + i];
      }
    }
    const [found] = evaluate(values, feeds);
    const [wanted] = evaluate([y], new Map([...feeds, ["block.second.weight", merged]]));
    expect(found.data).toBeClose(wanted.data, { rtol: 1e-12, atol: 1e-12 });
  });

  test("of layers that read the same rows share one product with them", () => {
    const both = add(layer(x, "block.first", true), layer(x, "block.second", false));
    const { values, sites } = addLora([both], { rank: 2, alpha: 6, targets: "all-linear" });
    expect(sites.map(({ weight }) => weight)).toEqual([
      "block.first.weight",
      "block.second.weight",
    ]);
    const products = topological(values).filter(({ op }) => op === "FusedMatMul");
    expect(products.length).toBe(2);
    const [found] = evaluate(values, feeds);
    const apart = ["first", "second"].map((name) => {
      const one = layer(x, `block.${name}`, name === "first");
      return addLora([one], { rank: 2, alpha: 6, targets: "all-linear" }).values[0];
    });
    const [a, b] = apart.map((value) => evaluate([value], feeds)[0].data);
    expect(found.data).toBeClose(
      a.map((value, i) => value + b[i]),
      { rtol: 1e-12, atol: 1e-12 },
    );
  });

  test("of weights stored [in, out] too, and of batches of matrices", () => {
    const batch = mul(input("x", "float32", [1, 2, 3]), 1);
    const plain = matmul(batch, input("w", "float32", [3, 3]));
    const { values, sites } = addLora([plain], { rank: 2, alpha: 2, targets: "all-linear" });
    expect(sites).toEqual([{ weight: "w", outFirst: false, in: 3, out: 3 }]);
    expect(values[0].shape).toEqual([1, 2, 3]);
  });

  test("go to layers before certain values alone, where it is said so", () => {
    const config = { rank: 2, alpha: 6, targets: "all-linear" };
    const { values, sites } = addLora([y], config, { among: [hidden] });
    expect(sites.map(({ weight }) => weight)).toEqual(["block.first.weight"]);
    const [found] = evaluate(values, feeds);
    const [wanted] = evaluate(addLora([y], { ...config, targets: ["first"] }).values, feeds);
    expect(found.data).toEqual(wanted.data);
    const second = { ...config, targets: ["second"] };
    expect(() => addLora([y], second, { among: [hidden] })).toThrow("some of first");
  });

  test("alone have a gradient: nothing is computed for what is frozen", () => {
    const { values, weights } = addLora([y], { rank: 2, alpha: 6, targets: "all-linear" });
    const loss = reduceSum(values[0]);
    const { dense } = gradients(new Map([[loss, scalar(1)]]), [...weights.values()]);
    expect(dense.size).toBe(4);
  });
});

test.each([
  [["q_proj"], "layers.0.self_attn.q_proj", true],
  [["proj"], "layers.0.self_attn.q_proj", false],
  ["layers\\.[01]\\..*", "layers.1.mlp", true],
  ["layers\\.[01]", "layers.1.mlp", false],
  ["all-linear", "anything", true],
] as const)("%j and %s: %s", (targets, name, fits) => {
  expect(matcher(targets)(name)).toBe(fits);
});

test.each([
  [["query"], "some of first, second"],
  [
    ["first", "secnod"],
    "no linear layer has such a name (got secnod, wanted some of first, second)",
  ],
  [[], "some of first, second"],
  ["(", "no regular expression"],
])("what fits nothing is told: %j", (targets, message) => {
  expect(() => addLora([y], { rank: 2, alpha: 2, targets })).toThrow(message);
});
