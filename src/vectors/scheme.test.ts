import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NearfoldError } from "../errors.ts";
import { fitScheme, formatScheme, parseScheme } from "./scheme.ts";

const fitted = (text: string) => fitScheme(parseScheme(text), 384);

describe("a scheme as text", () => {
  it.each([
    ["float32", { search: { type: "float32", dims: 384 } }],
    ["int8@128", { search: { type: "int8", dims: 128 } }],
    ["int8@64+int8", { search: { type: "int8", dims: 64 }, rescore: { type: "int8", dims: 384 } }],
    [
      "binary+int8",
      { search: { type: "binary", dims: 384 }, rescore: { type: "int8", dims: 384 } },
    ],
    [
      " binary@256 + float32@384 ",
      { search: { type: "binary", dims: 256 }, rescore: { type: "float32", dims: 384 } },
    ],
  ])("%s", (text, scheme) => {
    expect(fitted(text)).toEqual(scheme);
  });

  it.each([
    ["", 'got "", wanted float32, int8, binary'],
    ["int4", 'got "int4"'],
    ["int8@", "not a format"],
    ["int8@0", "not a format"],
    ["int8@1e3", "not a format"],
    ["INT8", "not a format"],
    ["toString", "not a format"],
    ["binary+int8+float32", "not a format"],
    ["int8@385", "got int8@385, wanted at most 384"],
    ["int8+binary", "is not finer than what is searched"],
    ["int8+int8", "is not finer than what is searched"],
    ["binary+int8@32", "is not finer than what is searched"],
  ])("%s is refused", (text, message) => {
    expect(() => fitted(text)).toThrow(message);
  });

  it("any text gives a scheme that is written and read as the same, or an error of ours", () => {
    const piece = fc.constantFrom(
      "int8",
      "binary",
      "float32",
      "@",
      "+",
      "128",
      "9999999",
      " ",
      "x",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 8 }).map((all) => all.join("")),
    );
    const run = (typed: string) => {
      try {
        const choice = parseScheme(typed);
        expect(parseScheme(formatScheme(choice))).toEqual(choice);
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
        expect((error as NearfoldError).code).toBe("bad-argument");
      }
    };
    fc.assert(fc.property(text, run), { numRuns: 500 });
  });
});
