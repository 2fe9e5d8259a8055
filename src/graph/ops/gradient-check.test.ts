import { describe, expect, test } from "vitest";
import { type Case, cases } from "../../../test/ops/cases.ts";
import { draw } from "../../../test/ops/draw.ts";
import { floats } from "../../tensor/tensor.ts";
import { type Array64, array64 } from "../array64.ts";
import { grad } from "../grad.ts";
import { constant, input, type Value } from "../node.ts";
import { evaluate } from "../reference.ts";
import { mul, ops, reduceSum } from "./index.ts";

/** `Σ w · out` with fixed weights: a loss that tells the elements apart. */
function lossOf(out: Value): Value {
  const shape = out.shape as number[];
  const size = shape.reduce((a, b) => a * b, 1);
  const weights = Array.from({ length: size }, (_, i) => Math.sin(i + 1));
  return reduceSum(mul(out, constant(floats(weights, shape))));
}

describe.each(Object.entries(cases) as [string, Case][])("%s", (name, one) => {
  test(one.differentiable === false ? "says why it has no gradient" : "gradient", () => {
    const rule = ops[name as keyof typeof ops].grad;
    if (one.differentiable === false) {
      if (typeof rule !== "function") expect(rule.none).toMatch(/\w+ \w+/);
      return;
    }
    const inputs = one.shapes.map((shape, i) => input(`x${i}`, "float32", shape));
    const arrays = one.shapes.map((shape, i) => array64(shape, draw(one, shape, i)));
    const loss = lossOf(one.build(...inputs));
    const feeds = (of: readonly Array64[]) => new Map(of.map((array, i) => [`x${i}`, array]));
    const analytic = evaluate(grad(loss, inputs), feeds(arrays));
    const step = 1e-5;
    arrays.forEach((array, i) => {
      array.data.forEach((x, j) => {
        const at = (value: number) => {
          const moved = arrays.with(i, array64(array.shape, array.data.with(j, value)));
          return evaluate([loss], feeds(moved))[0].data[0];
        };
        const numeric = (at(x + step) - at(x - step)) / (2 * step);
        const found = analytic[i].data[j];
        const error = Math.abs(numeric - found) / Math.max(1, Math.abs(numeric));
        expect(error, `d x${i}[${j}]: ${found}, central difference ${numeric}`).toBeLessThan(1e-7);
      });
    });
  });
});

test("every op of the vocabulary has a case", () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(ops).sort());
});
