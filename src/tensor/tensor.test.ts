import { describe, expect, test } from "vitest";
import { dtypes, isFloat } from "./dtype.ts";
import { floats, ints, longs, sizeOf, tensor, zeros } from "./tensor.ts";

describe("sizeOf", () => {
  test.each([
    ["a scalar", [], 1],
    ["a vector", [3], 3],
    ["a product", [2, 3, 4], 24],
    ["an empty axis", [2, 0, 4], 0],
  ])("%s", (_, shape, size) => {
    expect(sizeOf(shape)).toBe(size);
  });
});

describe("tensors", () => {
  test.each(Object.keys(dtypes) as (keyof typeof dtypes)[])("%s: zeros fill the shape", (dtype) => {
    const { data } = zeros(dtype, [2, 3]);
    expect(data).toBeInstanceOf(dtypes[dtype].array);
    expect(data.length).toBe(6);
    expect(data.BYTES_PER_ELEMENT).toBe(dtypes[dtype].bytes);
  });

  test.each([
    ["floats", floats([1, 2.5]), "float32", Float32Array.of(1, 2.5)],
    ["ints", ints([1, -2]), "int32", Int32Array.of(1, -2)],
    ["longs", longs([1, -2]), "int64", BigInt64Array.of(1n, -2n)],
  ])("%s: one axis unless a shape is given", (_, got, dtype, data) => {
    expect(got).toEqual({ dtype, shape: [2], data });
  });

  test("floats and ints keep the array they are given", () => {
    const data = Float32Array.of(1, 2);
    expect(floats(data, [2, 1]).data).toBe(data);
  });

  test("data that does not fill the shape is refused", () => {
    expect(() => tensor("float32", [2, 2], new Float32Array(3))).toThrow(
      "data does not fill the shape (got 3 elements, wanted [2,2])",
    );
  });

  test("four dtypes are floats", () => {
    const all = Object.keys(dtypes) as (keyof typeof dtypes)[];
    expect(all.filter(isFloat).sort()).toEqual(["bfloat16", "float16", "float32", "float64"]);
  });
});
