import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches } from "./batches.ts";
import type { Pair } from "./pairs.ts";

const distinct = (count: number): Pair[] =>
  Array.from({ length: count }, (_, i) => ({ anchor: `a${i}`, positive: `p${i}`, negatives: [] }));
const rowsOf = (made: readonly Int32Array[]) => made.flatMap((rows) => [...rows]);

describe("batches", () => {
  const text = fc.constantFrom(..."abcdefghij");
  const pair = fc.record({
    anchor: text,
    positive: text,
    negatives: fc.array(text, { maxLength: 2 }),
  });
  const size = fc.integer({ min: 1, max: 6 });

  it("hold every row once and no text twice", () => {
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 40 }), size, fc.nat(), (pairs, batchSize, seed) => {
        const made = batches(pairs, { batchSize, seed });
        expect(rowsOf(made).sort((a, b) => a - b)).toEqual(pairs.map((_, row) => row));
        for (const rows of made) {
          expect(rows.length).toBeGreaterThan(0);
          expect(rows.length).toBeLessThanOrEqual(batchSize);
          const sets = [...rows].map(
            (row) => new Set([pairs[row].anchor, pairs[row].positive, ...pairs[row].negatives]),
          );
          const all = sets.reduce((joined, texts) => joined.union(texts));
          expect(sets.reduce((sum, texts) => sum + texts.size, 0)).toBe(all.size);
        }
      }),
    );
  });

  it("are as few and as full as can be where no text repeats", () => {
    for (const noDuplicates of [true, false]) {
      const made = batches(distinct(10), { batchSize: 4, seed: 1, noDuplicates });
      expect(made.map((rows) => rows.length)).toEqual([4, 4, 2]);
    }
    const options = { batchSize: 4, seed: 1 };
    const plain = batches(distinct(10), { ...options, noDuplicates: false });
    expect(batches(distinct(10), options)).toEqual(plain);
  });

  it("are the same for the same seed and epoch, and differ for any other", () => {
    const at = (seed: number, epoch: number) =>
      rowsOf(batches(distinct(50), { batchSize: 8, seed, epoch }));
    expect(at(1, 2)).toEqual(at(1, 2));
    expect(at(1, 2)).not.toEqual(at(1, 3));
    expect(at(1, 2)).not.toEqual(at(2, 2));
  });

  it("take one pass even where all texts are equal", () => {
    const pairs = Array.from({ length: 100_000 }, () => ({
      anchor: "a",
      positive: "b",
      negatives: [],
    }));
    expect(batches(pairs, { batchSize: 64, seed: 0 }).length).toBe(pairs.length);
  });

  it("of nothing are none; of no size an error", () => {
    expect(batches([], { batchSize: 4, seed: 0 })).toEqual([]);
    expect(() => batches([], { batchSize: 0, seed: 0 })).toThrow(/not a batch size/);
  });
});
