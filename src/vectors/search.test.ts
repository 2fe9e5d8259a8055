import { describe, expect, it } from "vitest";
import { fillNormal } from "../graph/rng.ts";
import { unitRows } from "../tensor/rows.ts";
import { meanOverlap, recallOf, sampleRecall } from "./recall.ts";
import { fitScheme, parseScheme } from "./scheme.ts";
import { calibrateScheme, keepVectors, searchKept } from "./search.ts";

const [ROWS, DIMS] = [700, 96];
const drawn = (rows: number, seed: number) =>
  unitRows(fillNormal(new Float32Array(rows * DIMS), { seed, mean: 0.4 }), DIMS);
const documents = drawn(ROWS, 1);
const queries = drawn(20, 2);
const options = { similarity: "cosine", width: DIMS } as const;
const kept = (text: string) => {
  const scheme = calibrateScheme(fitScheme(parseScheme(text), DIMS), documents, options);
  return keepVectors(scheme, documents, DIMS);
};
const rowsOf = (hits: readonly { readonly row: number }[]) => hits.map(({ row }) => row);

describe("a search of two passes", () => {
  it("with candidates enough ends on the order and the scores of the finer vectors", () => {
    const exact = searchKept(queries, kept("float32"), { k: 10, width: DIMS });
    const all = { k: 10, width: DIMS, multiplier: ROWS };
    expect(searchKept(queries, kept("binary@32+float32"), all)).toEqual(exact);
  });

  it("int8 by itself ends on the scores of a float query", () => {
    const { search } = kept("int8");
    const [hits] = searchKept(queries.subarray(0, DIMS), { search }, { k: 3 });
    const unit = unitRows(queries.slice(0, DIMS), DIMS);
    for (const { row, score } of hits) {
      const other = documents.subarray(row * DIMS, (row + 1) * DIMS);
      expect(score).toBeCloseTo(
        unit.reduce((sum, x, d) => sum + x * other[d], 0),
        2,
      );
    }
  });

  it.each([
    ["float32", 1, 1],
    ["int8", 0.95, 1],
    ["binary", 0.25, 0.75],
    ["binary+int8", 0.6, 0.99],
    ["binary@48+float32", 0.3, 0.9],
  ])("%s finds from %f to %f of random vectors' neighbours", (text, least, most) => {
    const recall = recallOf(queries, documents, kept(text), options);
    expect(recall).toBeGreaterThanOrEqual(least);
    expect(recall).toBeLessThanOrEqual(most);
  });

  it("finds more the more candidates there are", () => {
    const recalls = [1, 2, 4, 8].map((multiplier) =>
      recallOf(queries, documents, kept("binary+float32"), { ...options, multiplier }),
    );
    expect(recalls).toEqual(recalls.toSorted((a, b) => a - b));
    expect(recalls[3]).toBeGreaterThan(recalls[0] + 0.2);
  });

  it("compares by dot product without cutting lengths back", () => {
    const long = Float32Array.of(1, 0, 3, 0.1);
    const scheme = calibrateScheme(fitScheme(parseScheme("int8"), 2), long, {
      similarity: "dot",
      width: 2,
    });
    const [hits] = searchKept(Float32Array.of(1, 0), keepVectors(scheme, long, 2), { k: 2 });
    expect(rowsOf(hits)).toEqual([1, 0]);
    expect(hits[0].score).toBeCloseTo(3, 1);
  });

  it.each([
    [{ k: 0 }, "got 0 hits"],
    [{ k: 1, multiplier: 0.5 }, "0.5 candidates for each"],
    [{ k: 1, width: DIMS + 1 }, `${DIMS + 1} numbers a query`],
  ])("refuses %o", (bad, message) => {
    const work = () => searchKept(queries, kept("int8"), { width: DIMS, ...bad });
    expect(work).toThrow(message);
  });

  it("finds nothing in nothing", () => {
    const scheme = calibrateScheme(fitScheme(parseScheme("int8"), DIMS), documents, options);
    const none = keepVectors(scheme, new Float32Array(0), DIMS);
    expect(searchKept(queries.subarray(0, DIMS), none, { k: 3 })).toEqual([[]]);
  });
});

it("overlap counts what both lists hold", () => {
  expect(meanOverlap([[1, 2], [3, 4], []], [[2, 9], [4, 3], [1]])).toBeCloseTo(1.5 / 3);
});

it("recall in a sample needs sixty vectors", () => {
  const scheme = fitScheme(parseScheme("int8"), DIMS);
  expect(() => sampleRecall(documents.subarray(0, 59 * DIMS), scheme, options)).toThrow(
    "60 or more",
  );
  expect(sampleRecall(documents.subarray(0, 60 * DIMS), scheme, options)).toBeGreaterThan(0.9);
});
