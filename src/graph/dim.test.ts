import { describe, expect, test } from "vitest";
import { broadcast, product, quotient, sum, UNKNOWN } from "./dim.ts";

describe("dimensions", () => {
  test.each([
    ["names are sorted behind the number", ["S", 2, "B", 3], "6*B*S"],
    ["a name alone stays itself", ["T"], "T"],
    ["numbers multiply", [2, 3], 6],
    ["a sum keeps its brackets", ["M+N", 2], "2*(M+N)"],
    ["a sum alone loses them", ["M+N"], "M+N"],
    ["zero wins", [0, "T"], 0],
    ["unknown stays unknown", [UNKNOWN, 2], UNKNOWN],
  ] as const)("product: %s", (_, dims, wanted) => {
    expect(product(dims)).toBe(wanted);
  });

  test.each([
    ["names cancel", ["T", 384], [12], "32*T"],
    ["all of it", ["T", 4], ["T", 4], 1],
    ["a part of a name", ["T", 3], [2], "3*T/2"],
    ["a part of a part", ["3*T/2"], [3], "3*T/2/3"],
    ["what does not divide is unknown", [3], [2], UNKNOWN],
    ["by nothing is unknown", ["T"], [0], UNKNOWN],
    ["a name that is not there is unknown", ["T"], ["S"], UNKNOWN],
  ] as const)("quotient: %s", (_, whole, part, wanted) => {
    expect(quotient(whole, part)).toBe(wanted);
  });

  test.each([
    ["names and numbers", ["N", 2, "M", 3], "5+M+N"],
    ["sums of sums", ["M+2", "N"], "2+M+N"],
    ["numbers", [1, 2], 3],
    ["unknown", ["N", UNKNOWN], UNKNOWN],
  ] as const)("sum: %s", (_, dims, wanted) => {
    expect(sum(dims)).toBe(wanted);
  });

  test.each([
    ["a one stretches", [3, 1], [4], [3, 4]],
    ["ranks are aligned at the end", ["B", "S", 8], [8], ["B", "S", 8]],
    ["a name meets itself", ["T", 1], ["T", 5], ["T", 5]],
    ["of two names the first", ["T"], ["S"], ["T"]],
    ["a name wins over nothing", [UNKNOWN, UNKNOWN], ["T", 1], ["T", UNKNOWN]],
    ["a number wins over a name", ["T"], [7], [7]],
    ["sizes that clash", [3, 4], [5], { clash: -1 }],
  ] as const)("broadcast: %s", (_, a, b, wanted) => {
    expect(broadcast(a, b)).toEqual(wanted);
  });
});
