import { describe, expect, test } from "vitest";

const within: readonly (readonly [string, number[], number[], object])[] = [
  ["equal", [1, 2], [1, 2], {}],
  ["empty", [], [], {}],
  ["absolute", [1.001], [1], { atol: 0.0011 }],
  ["relative to the wanted value", [101], [100], { rtol: 0.01 }],
  ["NaN meets NaN", [NaN], [NaN], {}],
  ["an infinity meets itself", [Infinity, -Infinity], [Infinity, -Infinity], {}],
  ["zeros of both signs", [-0], [0], {}],
];
const outside: readonly (readonly [string, number[], number[], object, RegExp])[] = [
  [
    "worst of two",
    [1, 5, 9],
    [1, 2, 3],
    { atol: 1 },
    /2 of 3 .* worst at index 2: got 9, wanted 3/,
  ],
  ["NaN for a number", [NaN], [1], { atol: 9 }, /index 0: got NaN, wanted 1/],
  ["a number for NaN", [1], [NaN], { rtol: 9 }, /index 0: got 1, wanted NaN/],
  ["infinity for a number", [Infinity], [1], { atol: 9 }, /index 0: got Infinity/],
  ["a number for infinity", [1], [Infinity], { rtol: 9 }, /wanted Infinity/],
  ["opposite infinity", [-Infinity], [Infinity], { rtol: 9 }, /got -Infinity/],
  ["relative to zero", [1e-9], [0], { rtol: 1 }, /got 1e-9, wanted 0/],
  ["too short", [1], [1, 2], { atol: 9 }, /got 1 elements, wanted 2/],
];

describe("toBeClose", () => {
  test.each(within)("%s", (_, got, wanted, tolerance) => {
    expect(Float64Array.from(got)).toBeClose(wanted, tolerance);
  });

  test.each(outside)("rejects: %s", (_, got, wanted, tolerance, message) => {
    expect(() => expect(got).toBeClose(wanted, tolerance)).toThrow(message);
    expect(got).not.toBeClose(wanted, tolerance);
  });
});
