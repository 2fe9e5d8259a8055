import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { NearfoldError } from "../errors.ts";
import type { SourceRow } from "./source.ts";
import { isFull, windowsOf } from "./window.ts";

const limits = { rows: 3, characters: 10 };

test.each<[number, number, boolean]>([
  [0, 0, false],
  [2, 9, false],
  [3, 0, true],
  [1, 10, true],
  [1, 1000, true],
])("%i rows of %i characters in all: full is %s", (rows, characters, full) => {
  expect(isFull(rows, characters, limits)).toBe(full);
});

/** A number is a text of so many characters, `null` a bad row. */
async function* rowsOf(lengths: readonly (number | null)[], skip = 0): AsyncGenerator<SourceRow> {
  for (const [i, length] of lengths.entries()) {
    if (i < skip) continue;
    const place = { at: `row ${i + 1}`, share: (i + 1) / lengths.length };
    yield length === null
      ? { ...place, error: new NearfoldError("bad-input", "bad") }
      : { ...place, document: { id: `${i}`, text: "x".repeat(length) } };
  }
}

const short = (windows: Awaited<ReturnType<typeof collect>>) =>
  windows.map(({ documents, errors, read }) => [
    documents.map(({ row }) => row),
    errors.map(({ row }) => row),
    read,
  ]);
const collect = (lengths: readonly (number | null)[], skip = 0) =>
  Array.fromAsync(windowsOf(rowsOf(lengths, skip), limits, skip));

describe("windows", () => {
  it.each<[string, (number | null)[], unknown[]]>([
    ["of nothing", [], []],
    [
      "by rows, bad ones among them",
      [1, null, 1, 1],
      [
        [[1, 3], [2], 3],
        [[4], [], 4],
      ],
    ],
    [
      "by characters",
      [4, 7, 1],
      [
        [[1, 2], [], 2],
        [[3], [], 3],
      ],
    ],
    ["of one long text", [99], [[[1], [], 1]]],
    ["of bad rows alone", [null, null], [[[], [1, 2], 2]]],
  ])("%s", async (_, lengths, wanted) => {
    expect(short(await collect(lengths))).toEqual(wanted);
  });

  it("hold each row once, in order, and are the same from the end of any of them on", async () => {
    const row = fc.option(fc.nat(12), { freq: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (lengths) => {
        const all = short(await collect(lengths));
        const rows = all.flatMap(([good, bad]) => [...(good as number[]), ...(bad as number[])]);
        expect(rows.toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i + 1));
        for (const [i, [, , read]] of all.entries()) {
          expect(short(await collect(lengths, read as number))).toEqual(all.slice(i + 1));
        }
      }),
    );
  });
});
