import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floats } from "../tensor/tensor.ts";
import { rank } from "./rank.ts";
import { sortHits } from "./ranking.ts";

const idsOf = (count: number) => Array.from({ length: count }, (_, i) => `d${i}`);

describe("rank", () => {
  const cell = fc.integer({ min: -2, max: 2 });
  const rows = (width: number, minLength: number) =>
    fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength, maxLength: 70 });
  const vectors = fc.integer({ min: 1, max: 3 }).chain((width) =>
    fc.tuple(
      rows(width, 1).map((q) => q.slice(0, 7)),
      rows(width, 1),
    ),
  );

  it("is sorting everything and taking the first k, ties included", () => {
    const options = fc.record({
      k: fc.integer({ min: 1, max: 80 }),
      similarity: fc.constantFrom("cosine" as const, "dot" as const),
      ties: fc.constantFrom("ascending" as const, "descending" as const),
    });
    fc.assert(
      fc.property(vectors, options, ([queries, documents], { k, similarity, ties }) => {
        const width = queries[0].length;
        const ids = idsOf(documents.length);
        const found = rank(
          floats(queries.flat(), [queries.length, width]),
          floats(documents.flat(), [documents.length, width]),
          { ids, k, similarity, ties },
        );
        const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
        const inverse = (a: number[]) =>
          similarity === "dot" ? 1 : dot(a, a) === 0 ? 0 : 1 / Math.sqrt(dot(a, a));
        const wanted = queries.map((query) => {
          const hits = documents.map((document, i) => ({
            id: ids[i],
            score: dot(query, document) * inverse(query) * inverse(document),
          }));
          return sortHits(hits, { ties }).slice(0, k);
        });
        expect(found).toEqual(wanted);
      }),
    );
  });

  it("gives equal documents the same score wherever they stand", () => {
    const row = [0.1, 0.2, 0.7, -0.3, 1 / 3];
    const documents = Array.from({ length: 131 }, () => row).flat();
    const queries = Array.from({ length: 5 }, () => [0.3, -0.9, 0.11, 0.5, 0.2]).flat();
    const found = rank(floats(queries, [5, 5]), floats(documents, [131, 5]), {
      ids: idsOf(131),
      k: 131,
    });
    expect(new Set(found.flat().map(({ score }) => score)).size).toBe(1);
    expect(found[4].map(({ id }) => id)).toEqual(idsOf(131).sort());
  });

  const one = floats([1, 0], [1, 2]);
  it.each<[string, () => unknown, RegExp]>([
    [
      "another width",
      () => rank(one, floats([1], [1, 1]), { ids: ["a"], k: 1 }),
      /\[1,2\] and \[1,1\]/,
    ],
    ["too few ids", () => rank(one, one, { ids: [], k: 1 }), /got 0 ids, wanted 1/],
    ["no hits", () => rank(one, one, { ids: ["a"], k: 0 }), /not a number of hits/],
    [
      "NaN",
      () => rank(one, floats([1, Number.NaN], [1, 2]), { ids: ["a"], k: 1 }),
      /of document 0 holds a NaN/,
    ],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(message);
  });

  it("takes no documents and no queries", () => {
    const none = floats([], [0, 2]);
    expect(rank(one, none, { ids: [], k: 3 })).toEqual([[]]);
    expect(rank(none, one, { ids: ["a"], k: 3 })).toEqual([]);
  });
});
