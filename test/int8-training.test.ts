import { describe, expect, test } from "vitest";
import { array64 } from "../src/graph/array64.ts";
import { gradients } from "../src/graph/grad.ts";
import {
  constantOf,
  graphOf,
  input,
  type Node,
  topological,
  type Value,
} from "../src/graph/node.ts";
import { matmul, mul } from "../src/graph/ops/index.ts";
import { evaluate } from "../src/graph/reference.ts";
import { share } from "../src/graph/rewrite.ts";
import { int8Products } from "../src/nn/int8-training.ts";
import { linear } from "../src/nn/linear.ts";
import { weightInputs } from "../src/nn/weights.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats } from "../src/tensor/tensor.ts";

const [T, IN, OUT] = [24, 32, 16];
const shapes: Readonly<Record<string, readonly [number, number]>> = {
  x: [T, IN],
  g: [T, OUT],
  weight: [OUT, IN],
  turned: [IN, OUT],
};
const numbers = (name: string, [rows, columns]: readonly [number, number]) =>
  Float32Array.from({ length: rows * columns }, (_, i) =>
    Math.fround(Math.sin(i * i + name.length) * (1 + (Math.floor(i / columns) % 5))),
  );
const data = Object.fromEntries(
  Object.entries(shapes).map(([name, shape]) => [name, numbers(name, shape)]),
);

/** A layer, and the gradients of its rows and its weight. */
function layer(kind: "weight" | "turned"): readonly Value[] {
  // One that lies [in, out] is a file's, whose batches have one axis more.
  const x = mul(input("x", "float32", kind === "weight" ? ["T", IN] : ["B", "S", IN]), 1);
  const { weights, all } = weightInputs();
  const turned = input("turned", "float32", [IN, OUT]);
  const y =
    kind === "weight" ? linear(x, weights, { in: IN, out: OUT, bias: false }) : matmul(x, turned);
  const weight = kind === "weight" ? all.get("weight")! : turned;
  const g = input("g", "float32", [...y.shape.slice(0, -1), OUT]);
  const { dense } = gradients(new Map([[y, g]]), [x, weight]);
  return [y, dense.get(x)!, dense.get(weight)!];
}

/** Of each input, as the graph reads it. */
const shapeOf = (name: string, kind: "weight" | "turned") =>
  kind === "turned" && "xg".includes(name) ? [2, T / 2, shapes[name][1]] : shapes[name];

const reference = (values: readonly Value[], kind: "weight" | "turned") => {
  const feeds = Object.keys(shapes).map((name) => {
    const numbers = Float64Array.from(data[name]);
    return [name, array64(shapeOf(name, kind), numbers)] as const;
  });
  return evaluate(values, new Map(feeds)).map(({ data }) => data);
};

/** `|a − b| / |b|`. */
function relativeError(found: Float64Array, wanted: Float64Array): number {
  const norm = (x: Float64Array) => Math.hypot(...x);
  return norm(found.map((x, i) => x - wanted[i])) / norm(wanted);
}

const products = ["MatMul", "FusedMatMul", "Gemm", "MatMulIntegerToFloat"];
const productOf = ({ node }: Value): string => {
  const found = topological([node.outputs[0]]).filter(({ op }) => products.includes(op));
  return (found.at(-1) as Node).op;
};

describe.each([
  ["[out, in]", "weight"],
  ["[in, out]", "turned"],
] as const)("a weight that lies %s", (_, kind) => {
  const values = layer(kind);
  const weights = new Set([kind]);

  test.each([
    ["its gradient float", {}, ["MatMulIntegerToFloat", "MatMulIntegerToFloat", "MatMul|Fused"]],
    ["all in int8", { weightGradients: true }, Array(3).fill("MatMulIntegerToFloat")],
  ] as const)("is multiplied forwards and backwards, %s", (_, options, wanted) => {
    const after = int8Products(values, weights, options);
    after.forEach((value, i) => {
      expect(productOf(value)).toMatch(new RegExp(wanted[i]));
      expect([value.dtype, value.shape]).toEqual([values[i].dtype, values[i].shape]);
    });
  });

  test.each([false, true])(
    "two per cent off float64 at most, weight gradients rounded: %s",
    (rounded) => {
      const wanted = reference(values, kind);
      const found = reference(int8Products(values, weights, { weightGradients: rounded }), kind);
      found.forEach((each, i) => {
        expect(relativeError(each, wanted[i])).toBeLessThan(0.02);
      });
      expect(relativeError(found[0], wanted[0])).toBeGreaterThan(0);
      expect(relativeError(found[2], wanted[2]) > 0).toBe(rounded);
    },
  );

  test("ONNX Runtime computes what the reference does", async () => {
    const after = int8Products(values, weights, { weightGradients: true });
    const [y, dx, dw] = share(after);
    await using session = await openSession(encodeModel(graphOf({ y, dx, dw })).bytes);
    const feeds = Object.keys(shapes).map((name) => [
      name,
      floats(data[name], shapeOf(name, kind)),
    ]);
    const found = await session.run(Object.fromEntries(feeds));
    const wanted = reference(after, kind);
    [found.y, found.dx, found.dw].forEach(({ data }, i) => {
      const each = Float64Array.from(data as Float32Array);
      // A half may be rounded otherwise in float32.
      expect(relativeError(each, wanted[i])).toBeLessThan(2e-3);
    });
  });
});

test("rows and weights are rounded once for all their products", () => {
  const x = mul(input("x", "float32", ["T", IN]), 1);
  const { weights } = weightInputs();
  const [a, b] = [1, 2].map(() => linear(x, weights, { in: IN, out: OUT, bias: false }));
  const rounded = topological(share(int8Products([a, b], new Set(["weight"])))).filter(
    ({ op }) => op === "QuantizeLinear",
  );
  expect(rounded.length).toBe(2);
  const zeros = rounded.map(({ inputs: [, , zero] }) => constantOf(zero) ?? zero);
  expect(zeros.map((zero) => zero!.dtype).sort()).toEqual(["int8", "uint8"]);
});

test("other products stay as they are", () => {
  const values = layer("weight");
  expect(int8Products(values, new Set(["another"]), { weightGradients: true })).toEqual(values);
});
