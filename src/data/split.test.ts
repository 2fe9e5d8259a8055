import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizeText } from "./normalize.ts";
import type { Pair } from "./pairs.ts";
import { splitByHash, splitPairs } from "./split.ts";

const shares = { train: 8, dev: 1, test: 1 };

describe("splitByHash", () => {
  it("keeps the shares", () => {
    const counts = { train: 0, dev: 0, test: 0 };
    for (let i = 0; i < 10_000; i++) counts[splitByHash(`key ${i}`, { seed: 1, shares })]++;
    // Five standard deviations of 10,000 draws at 0.1 are 150.
    expect(Math.abs(counts.dev - 1000)).toBeLessThan(150);
    expect(Math.abs(counts.test - 1000)).toBeLessThan(150);
  });

  it("gives a key the same side everywhere, and another under another seed", () => {
    const sides = (seed: number) =>
      Array.from("abcdefgh", (key) => splitByHash(key, { seed, shares: { a: 1, b: 1 } })).join("");
    expect(sides(0)).toBe("abaaaaba");
    expect(sides(1)).toBe("aaababba");
  });

  it("gives nothing to a share of 0", () => {
    const sides = Array.from({ length: 200 }, (_, i) =>
      splitByHash(String(i), { seed: 0, shares: { a: 0, b: 3, c: 0 } }),
    );
    expect(new Set(sides)).toEqual(new Set(["b"]));
  });

  it.each<[Record<string, number>]>([
    [{}],
    [{ a: 0 }],
    [{ a: -1, b: 2 }],
    [{ a: Number.NaN }],
    [{ a: Number.POSITIVE_INFINITY }],
  ])("refuses the shares %o", (bad) => {
    expect(() => splitByHash("x", { seed: 0, shares: bad })).toThrow(/not shares of a split/);
  });
});

describe("splitPairs", () => {
  const text = fc.constantFrom(..."abcdefghijklmnop", "A", " b ");
  const pairs = fc.array(fc.record({ anchor: text, positive: text, negatives: fc.constant([]) }));

  it("puts no text on two sides and loses no row", () => {
    fc.assert(
      fc.property(pairs, fc.nat(), (rows: Pair[], seed) => {
        const sides = Object.values(splitPairs(rows, { seed, shares }));
        expect(sides.flat().length).toBe(rows.length);
        const texts = sides.map(
          (side) =>
            new Set(side.flatMap(({ anchor, positive }) => [anchor, positive].map(normalizeText))),
        );
        expect(texts.reduce((sum, { size }) => sum + size, 0)).toBe(
          texts.reduce((all, some) => all.union(some)).size,
        );
      }),
    );
  });

  it("does not depend on the order of the rows", () => {
    fc.assert(
      fc.property(pairs, fc.nat(), (rows: Pair[], seed) => {
        const forwards = splitPairs(rows, { seed, shares });
        const backwards = splitPairs(rows.toReversed(), { seed, shares });
        expect(backwards.dev.toReversed()).toEqual(forwards.dev);
      }),
    );
  });
});
