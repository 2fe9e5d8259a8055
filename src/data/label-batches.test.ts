import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelBatches } from "./label-batches.ts";

/** So many rows of each label, mixed. */
const rowsOf = (...sizes: readonly number[]) =>
  sizes.flatMap((size, label) => Array<number>(size).fill(label)).sort((a, b) => ((a * 7) % 5) - b);

describe("batches by label", () => {
  it("hold two rows or more of each label, of two labels or more, and no row twice", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 2, maxLength: 8 });
    const batchSize = fc.integer({ min: 4, max: 11 });
    fc.assert(
      fc.property(sizes, batchSize, fc.nat(), (counts, batchSize, seed) => {
        fc.pre(counts.filter((count) => count > 1).length > 1);
        const labels = rowsOf(...counts);
        const made = labelBatches(labels, { batchSize, seed });
        expect(made.length).toBeGreaterThan(0);
        for (const rows of made) {
          const groups = Object.values(Object.groupBy(rows, (row) => labels[row]));
          expect(rows.length).toBeLessThanOrEqual(batchSize);
          expect(groups.length).toBeGreaterThan(1);
          for (const group of groups) expect(group!.length).toBeGreaterThan(1);
        }
        const all = made.flatMap((rows) => [...rows]);
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });

  it.each<[string, number[], number, number[]]>([
    ["even labels are used up", [4, 4, 4], 6, [6, 6]],
    ["an odd row is left out", [5, 5], 4, [4, 4]],
    ["a label with one row is left out", [4, 4, 1], 8, [8]],
    ["the rest of the largest label is left out", [40, 4, 2], 10, [10]],
    ["an odd size is rounded down", [6, 6], 5, [4, 4, 4]],
    ["one pair at the end is no batch", [4, 4, 2], 8, [8]],
  ])("%s", (_, sizes, batchSize, wanted) => {
    const made = labelBatches(rowsOf(...sizes), { batchSize, seed: 3 });
    expect(made.map(({ length }) => length)).toEqual(wanted);
  });

  it("are the same for the same seed and epoch, and differ for any other", () => {
    const at = (seed: number, epoch: number) =>
      labelBatches(rowsOf(20, 20), { batchSize: 8, seed, epoch }).map((rows) => [...rows]);
    expect(at(1, 2)).toEqual(at(1, 2));
    expect(at(1, 2)).not.toEqual(at(1, 3));
    expect(at(1, 2)).not.toEqual(at(2, 2));
  });

  it("leave out other rows in other epochs", () => {
    const labels = rowsOf(21, 2);
    const used = Array.from({ length: 20 }, (_, epoch) =>
      labelBatches(labels, { batchSize: 4, seed: 1, epoch }).flatMap((rows) => [...rows]),
    );
    expect(new Set(used.flat()).size).toBeGreaterThan(15);
  });

  it.each<[string, number[], number, RegExp]>([
    ["one label", [9], 8, /got 1 with two rows or more, wanted at least 2/],
    ["labels of one row", [1, 1, 1], 8, /got 0 with two rows or more/],
    ["no room for two labels", [4, 4], 3, /got 3, wanted at least 4/],
  ])("of %s are refused", (_, sizes, batchSize, message) => {
    expect(() => labelBatches(rowsOf(...sizes), { batchSize, seed: 0 })).toThrow(message);
  });
});
