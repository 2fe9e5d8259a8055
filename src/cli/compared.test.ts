import { describe, expect, it } from "vitest";
import { floats } from "../tensor/tensor.ts";
import { compareRetrieval } from "./against-retrieval.ts";
import { compareSts } from "./against-sts.ts";

describe("retrieval: one of two queries finds its document second", () => {
  const set = {
    documents: new Map([
      ["a", "apples"],
      ["b", "bears"],
      ["c", "clouds"],
    ]),
    queries: new Map([
      ["q1", "fruit"],
      ["q2", "animal"],
    ]),
    qrels: new Map([
      ["q1", new Map([["a", 1]])],
      ["q2", new Map([["b", 1]])],
    ]),
  };
  const documents = floats([1, 0, 0, 1, -1, 0], [3, 2]);
  const side = (second: readonly number[]) => ({
    vectors: { documents, queries: floats([1, 0.1, ...second], [2, 2]) },
    similarity: "cosine" as const,
  });
  const options = { topK: 1, worst: 10 };
  const compared = compareRetrieval(
    set,
    { ours: side([-1, 0.1]), baseline: side([0.1, 1]) },
    options,
  );
  const second = 1 / Math.log2(3);

  it("scores, difference and share kept", () => {
    const { ours, baseline, difference, kept } = compared.comparisons["ndcg@10"];
    expect([ours.mean, baseline.mean]).toEqual([(1 + second) / 2, 1]);
    expect(difference.mean).toBeCloseTo((second - 1) / 2, 12);
    expect(kept.mean).toBeCloseTo((1 + second) / 2, 12);
    // A resample holds the query that lost never, once or twice: the quantiles are at its two ends.
    expect([kept.low, kept.high]).toBeClose([second, 1], { atol: 1e-12 });
  });

  it("the row that lost, with what both found", () => {
    expect(compared.rows).toHaveLength(2);
    expect(compared.worst.map(({ json }) => json)).toEqual([
      {
        ...{ query: "q2", text: "animal", model: second, baseline: 1, delta: second - 1 },
        found: {
          model: { relevantRank: 2, first: { id: "c", text: "clouds" } },
          baseline: { relevantRank: 1, first: { id: "b", text: "bears" } },
        },
      },
    ]);
    expect(compared.worst[0].shown).toEqual({
      ours: "0.6309, relevant at 2, first c: clouds",
      baseline: "1.0000, relevant at 1, first b: bears",
    });
  });

  it("agreement and geometry", () => {
    expect(compared.agreement.json).toMatchObject({ k: 1, overlap: 1 / 2 });
    // Three documents and a query are the same; the other is turned from (0.1, 1) to (-1, 0.1), a right angle.
    expect(compared.vectors?.mean).toBeCloseTo(4 / 5, 6);
    expect(compared.vectors?.min).toBeCloseTo(0, 6);
    // Squared distances of the documents: 2, 4, 2.
    const uniformity = Math.log((2 * Math.exp(-4) + Math.exp(-8)) / 3);
    expect(compared.geometry.ours.uniformity).toBeCloseTo(uniformity, 12);
    const near = 2 - 2 / Math.sqrt(1.01);
    expect(compared.geometry.baseline.alignment).toBeCloseTo(near, 6);
    expect(compared.geometry.ours.alignment).toBeCloseTo((near + 2 - 0.2 / Math.sqrt(1.01)) / 2, 6);
  });

  it("vectors of two widths are not compared", () => {
    const narrow = { documents: floats([1, 1, 1], [3, 1]), queries: floats([1, 1], [2, 1]) };
    const ours = { vectors: narrow, similarity: "cosine" as const };
    const { vectors } = compareRetrieval(set, { ours, baseline: side([0.1, 1]) }, options);
    expect(vectors).toBeUndefined();
  });
});

describe("scored pairs: the model turns two of three places round", () => {
  const pairs = [5, 3, 0].map((score, i) => ({
    ...{ sentence1: `a${i}`, sentence2: `b${i}`, score },
  }));
  /** Unit vectors whose cosines are these. */
  const side = (cosines: readonly number[]) => ({
    first: floats(
      cosines.flatMap(() => [1, 0]),
      [3, 2],
    ),
    second: floats(
      cosines.flatMap((cosine) => [cosine, Math.sqrt(1 - cosine ** 2)]),
      [3, 2],
    ),
  });
  const compared = compareSts(
    pairs,
    { ours: side([0.5, 0.8, 0.1]), baseline: side([0.9, 0.6, 0.2]) },
    { worst: 10 },
  );

  it("correlations, and what each pair adds", () => {
    const { ours, baseline } = compared.comparisons.spearman;
    expect([ours.mean, baseline.mean]).toBeClose([1 / 2, 1], { atol: 1e-12 });
    // One place apart, of ranks with the variance 2 / 3: 1 - (3 / 2) / 2.
    expect(compared.worst.map(({ json }) => json)).toEqual([
      {
        ...{ ...pairs[0], pair: 1, model: expect.closeTo(1 / 4), baseline: 1 },
        delta: expect.closeTo(-3 / 4),
        cosine: { model: expect.closeTo(0.5), baseline: expect.closeTo(0.9) },
        place: { model: 2, baseline: 1, score: 1 },
      },
      expect.objectContaining({ pair: 2, place: { model: 1, baseline: 2, score: 2 } }),
    ]);
  });

  it("agreement, and the alignment of the pair that people call the same", () => {
    expect(compared.agreement.text).toContain("0.5000");
    expect(compared.geometry.ours.alignment).toBeCloseTo(2 - 2 * 0.5, 6);
    expect(compared.geometry.baseline.alignment).toBeCloseTo(2 - 2 * 0.9, 6);
  });
});
