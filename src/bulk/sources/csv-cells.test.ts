import fc from "fast-check";
import { expect, it, test } from "vitest";
import { splitRecords } from "./csv-cells.ts";

test.each<[string, string[] | undefined]>([
  ["a,b", ["a", "b"]],
  [",", ["", ""]],
  ['"a,b",c', ["a,b", "c"]],
  ['"a ""b""\nc"', ['a "b"\nc']],
  ['""', [""]],
  [' "a"', [' "a"']],
  ['5" wide, 6" high', ['5" wide', ' 6" high']],
  ['"a', undefined],
  ['"a"\nb,"c"', undefined],
])("%j is %j, whatever is beside it", (record, cells) => {
  expect(splitRecords([record])).toEqual([cells]);
  for (const other of ['"x"', '"open', '5 "x"', "plain", '"two\nlines"']) {
    expect(splitRecords([other, record, other])[1]).toEqual(cells);
  }
});

it("gives back whatever cells were written as RFC 4180 has it", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "é", '"', ",", "\n", " ", "😀") });
  const quoted = (text: string) =>
    /[",\n]|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const records = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
  fc.assert(
    fc.property(records, (records) => {
      expect(splitRecords(records.map((cells) => cells.map(quoted).join(",")))).toEqual(records);
    }),
    { numRuns: 500 },
  );
});

it("gives of records what it gives of each alone", () => {
  const record = fc.string({
    unit: fc.constantFrom("a", '"', ",", "\n"),
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), (records) => {
      const alone = records.flatMap((text) => splitRecords([text]));
      expect(splitRecords(records)).toEqual(alone);
    }),
    { numRuns: 2000 },
  );
});
