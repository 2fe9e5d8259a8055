import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NearfoldError } from "../errors.ts";
import { checkFilter, meets } from "./filter.ts";
import { parseFilter } from "./parse-filter.ts";

describe("a filter as people type it", () => {
  it.each([
    ["year >= 2000", { field: "year", op: "gte", value: 2000 }],
    ["a.b-c=-1.5e3", { field: "a.b-c", op: "eq", value: -1500 }],
    ["lang = 'it\\'s'", { field: "lang", op: "eq", value: "it's" }],
    ['lang <> "é \\\\"', { field: "lang", op: "ne", value: "é \\" }],
    ["ok = true", { field: "ok", op: "eq", value: true }],
    ["x exists", { field: "x", op: "exists" }],
    ["x in (1, 'a', false)", { field: "x", op: "in", values: [1, "a", false] }],
    [
      "a = 1 and b = 2 or not c = 3",
      {
        or: [
          {
            and: [
              { field: "a", op: "eq", value: 1 },
              { field: "b", op: "eq", value: 2 },
            ],
          },
          { not: { field: "c", op: "eq", value: 3 } },
        ],
      },
    ],
    [
      "a = 1 AND (b = 2 OR c < 3)",
      {
        and: [
          { field: "a", op: "eq", value: 1 },
          {
            or: [
              { field: "b", op: "eq", value: 2 },
              { field: "c", op: "lt", value: 3 },
            ],
          },
        ],
      },
    ],
    ["not = 1", { field: "not", op: "eq", value: 1 }],
    ["in in (2)", { field: "in", op: "in", values: [2] }],
  ])("%s", (text, filter) => {
    expect(parseFilter(text)).toEqual(filter);
  });

  it.each([
    ["", "got the end"],
    ["year", "got the end"],
    ["year >= ", "got the end"],
    ["year >= en", 'got "en", wanted a number'],
    ["year like 'x'", 'got "like"'],
    ["(a = 1", 'wanted ")"'],
    ["a = 1)", 'got ")"'],
    ["a = 1 b = 2", 'got "b"'],
    ["a = 'open", "not a filter"],
    ["a; drop table", 'got "; drop table"'],
    ["a in ()", 'got ")"'],
    ["2000 <= year", 'got "2000", wanted the name of a field'],
    [`${"(".repeat(99)}a = 1`, "deep"],
    [`${"not ".repeat(99)}a = 1`, "deep"],
    ["x".repeat(100_001), "at most 100000"],
  ])("refuses %j", (text, message) => {
    expect(() => parseFilter(text)).toThrow(message);
    expect(() => parseFilter(text)).toThrow(NearfoldError);
  });

  it("gives a filter or an error of ours, whatever is typed", () => {
    const word = fc.constantFrom(
      "a",
      "and",
      "or",
      "not",
      "in",
      "exists",
      "(",
      ")",
      "=",
      "<=",
      "1",
      "'x'",
      ",",
      "true",
      "\\",
      '"',
      "é",
      ".",
    );
    const typed = fc.array(fc.oneof(word, fc.string({ maxLength: 3 })), { maxLength: 12 });
    fc.assert(
      fc.property(typed, (words) => {
        try {
          const filter = parseFilter(words.join(" "));
          expect(checkFilter(filter)).toBe(filter);
          expect(typeof meets({ a: 1 }, filter)).toBe("boolean");
        } catch (error) {
          expect((error as NearfoldError).code).toBe("bad-argument");
        }
      }),
      { numRuns: 2000 },
    );
  });
});
