import { describe, expect, test } from "vitest";
import { floats, longs } from "../tensor/tensor.ts";
import { type Dim, UNKNOWN } from "./dim.ts";
import { constant, input, int64s, makeNode, only, scalar, type Value } from "./node.ts";
import * as o from "./ops/index.ts";
import { shapeFrom, slicedDim } from "./shape-values.ts";

const x = input("x", "float32", ["B", "S", 12]);
const dim = (axis: number) => o.gather(only(shapeNode(x)), scalar(axis, "int64"));
const shapeNode = (value: Value) =>
  makeNode({ op: "Shape", inputs: [value], types: [{ dtype: "int64", shape: [3] }] });
const fed = input("fed", "int64", [2]);
const long = (n: number) => scalar(n, "int64");

describe("sizes that a graph computes", () => {
  test.each<[string, Value, readonly Dim[]]>([
    ["a constant", int64s([2, -1]), [2, -1]],
    ["a value's shape", only(shapeNode(x)), ["B", "S", 12]],
    ["one of them", dim(1), ["S"]],
    ["from the end", dim(-1), [12]],
    ["some of them", o.slice(only(shapeNode(x)), { start: 0, end: -1, axis: 0 }), ["B", "S"]],
    ["put end to end", o.concat([o.unsqueeze(dim(0), [0]), int64s([-1])], 0), ["B", -1]],
    ["multiplied", o.mul(dim(0), dim(2)), ["12*B"]],
    ["divided", o.div(o.mul(dim(1), long(12)), dim(2)), ["S"]],
    ["a part", o.div(dim(1), long(2)), ["S/2"]],
    ["added and subtracted", o.sub(o.add(dim(1), long(3)), long(2)), ["1+S"]],
    ["less a name", o.sub(long(9), dim(1)), [UNKNOWN]],
    ["by way of a fraction", o.cast(o.mul(o.cast(dim(2), "float32"), 0.3), "int64"), [UNKNOWN]],
    ["fed at the run", fed, [UNKNOWN, UNKNOWN]],
    ["of an op that is not followed", o.maximum(only(shapeNode(x)), 1), ["?", "?", "?"]],
  ])("%s", (_, value, wanted) => {
    expect(shapeFrom(value)).toEqual(wanted);
  });

  test.each([
    ["a list of unknown length", input("n", "int64", ["N"])],
    ["a matrix", input("n", "int64", [2, 2])],
    ["a list of more axes than there are", constant(longs(Array(129).fill(1)))],
  ])("are not %s", (_, value) => {
    expect(() => shapeFrom(value)).toThrow(/a shape does not take/);
  });

  test("are followed so far and no further", () => {
    let doubled = dim(0);
    for (let i = 0; i < 60; i++) doubled = o.add(doubled, doubled);
    expect(shapeFrom(doubled)).toHaveLength(1);
    expect(shapeFrom(constant(floats([0.5])))).toEqual([UNKNOWN]);
  });
});

test.each<[string, Dim, Dim, Dim, Dim, Dim]>([
  ["numbers", 10, 2, 7, 1, 5],
  ["beyond the end", 10, 2, 99, 3, 3],
  ["from the end", 10, -3, 99, 1, 3],
  ["backwards", 10, -1, -99, -1, 10],
  ["all of a name", "S", 0, 2 ** 63, 1, "S"],
  ["a name cut to itself", "S", 0, "S", 1, "S"],
  ["a table cut to a name", 512, 0, "S", 1, "S"],
  ["the first", "S", 0, 1, 1, 1],
  ["the last", "S", -1, 2 ** 63, 1, 1],
  ["a name cut to a number", "S", 0, 64, 1, UNKNOWN],
  ["a name without its first", "S", 1, 2 ** 63, 1, UNKNOWN],
  ["a computed start", 10, "K", 99, 1, UNKNOWN],
])("a slice of %s", (_, dim, start, end, step, wanted) => {
  expect(slicedDim(dim, start, end, step)).toBe(wanted);
});
