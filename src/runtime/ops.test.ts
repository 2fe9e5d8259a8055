import { describe, expect, test } from "vitest";
import { type Case, cases } from "../../test/ops/cases.ts";
import { draw } from "../../test/ops/draw.ts";
import { type Array64, array64 } from "../graph/array64.ts";
import { grad } from "../graph/grad.ts";
import { constant, graphOf, input, type Value } from "../graph/node.ts";
import { mul, reduceSum } from "../graph/ops/index.ts";
import { evaluate } from "../graph/reference.ts";
import { encodeModel } from "../onnx/encode.ts";
import { floats } from "../tensor/tensor.ts";
import { openSession } from "./session.ts";

const NAMED_SIZES = ["N", "M"];

/** ONNX Runtime against the float64 reference: the outputs, and the gradients where the op has one. */
describe.each(Object.entries(cases) as [string, Case][])("%s", (_, one) => {
  const fixed = one.shapes.map((shape, i) => input(`x${i}`, "float32", shape));
  const arrays = one.shapes.map((shape, i) => array64(shape, draw(one, shape, i)));

  test("forward and backward as the reference", async () => {
    const out = one.build(...fixed);
    const outputs: Record<string, Value> = { out };
    if (one.differentiable !== false) {
      const weights = Array.from({ length: sizeOf(out.shape) }, (_, i) => Math.sin(i + 1));
      const loss = reduceSum(mul(out, constant(floats(weights, out.shape as number[]))));
      grad(loss, fixed).forEach((g, i) => {
        outputs[`d${i}`] = g;
      });
    }
    const wanted = evaluate(Object.values(outputs), feedsOf(arrays));
    const found = await run(outputs, arrays);
    Object.keys(outputs).forEach((name, i) => {
      expect(found[name].shape, name).toEqual(wanted[i].shape);
      expect(found[name].data, name).toBeClose(wanted[i].data, { rtol: 1e-5, atol: 2e-6 });
    });
  });

  test("its shape rule says what ONNX Runtime makes", async () => {
    const named = one.shapes.map((shape, i) =>
      input(
        `x${i}`,
        "float32",
        shape.length === 0 ? shape : [`${NAMED_SIZES[i] ?? "L"}`, ...shape.slice(1)],
      ),
    );
    let out: Value;
    try {
      out = one.build(...named);
    } catch {
      // The case itself relies on a known size.
      return;
    }
    const { out: found } = await run({ out }, arrays);
    out.shape.forEach((dim, axis) => {
      if (typeof dim === "number") expect(found.shape[axis]).toBe(dim);
    });
    expect(found.shape.length).toBe(out.shape.length);
  });
});

async function run(outputs: Record<string, Value>, arrays: readonly Array64[]) {
  const { bytes } = encodeModel(graphOf(outputs));
  await using session = await openSession(bytes, { threads: 1 });
  return await session.run(
    Object.fromEntries(arrays.map(({ data, shape }, i) => [`x${i}`, floats(data, shape)])),
  );
}

function feedsOf(arrays: readonly Array64[]): Map<string, Array64> {
  return new Map(
    arrays.map(({ shape, data }, i) => [`x${i}`, array64(shape, Float32Array.from(data))]),
  );
}

function sizeOf(shape: readonly (number | string)[]): number {
  return shape.reduce<number>((size, dim) => size * (dim as number), 1);
}
