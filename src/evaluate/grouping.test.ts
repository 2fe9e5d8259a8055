import { describe, expect, it } from "vitest";
import { numberLabels, pairScores, silhouette, vMeasure } from "./grouping.ts";

const classes = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2];
const groups = [0, 0, 1, 1, 1, 2, 2, 2, 2, 2];

/** Of scikit-learn 1.9.1: homogeneity_completeness_v_measure. */
describe("V-measure", () => {
  it.each<[string, number[], number[], [number, number, number]]>([
    ["a mixture", classes, groups, [0.5948613534336116, 0.629090095633968, 0.6114971080030805]],
    ["all in one", [0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0]],
    ["other names for the same", [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 1]],
    ["each alone", [0, 0, 1, 1], [0, 1, 2, 3], [1, 0.5, 2 / 3]],
    ["one row", [4], [7], [1, 1, 1]],
  ])("%s", (_, of, made, [homogeneity, completeness, v]) => {
    const found = vMeasure(of, made);
    expect([found.homogeneity, found.completeness, found.vMeasure]).toBeClose(
      [homogeneity, completeness, v],
      { atol: 1e-12 },
    );
  });

  it("asks for two lists of the same rows", () => {
    expect(() => vMeasure([1], [1, 2])).toThrow("not labels of the same rows (got 1 and 2");
    expect(() => vMeasure([], [])).toThrow("wanted as many, at least one");
  });
});

/** From scikit-learn 1.9.1's pair_confusion_matrix. */
describe("pairs", () => {
  it.each<[string, number[], number[], [number, number]]>([
    ["a mixture", classes, groups, [0.5714285714285714, 0.6666666666666666]],
    ["each alone", [0, 0, 1, 1], [0, 1, 2, 3], [1, 0]],
    ["all in one", [0, 0, 1, 1], [0, 0, 0, 0], [1 / 3, 1]],
  ])("%s", (_, of, made, [precision, recall]) => {
    const found = pairScores(of, made);
    expect([found.precision, found.recall]).toBeClose([precision, recall], { atol: 1e-12 });
  });
});

/** Of scikit-learn 1.9.1: silhouette_score with metric="cosine". */
describe("silhouette", () => {
  const vectors = Float32Array.from(
    [
      [1, 0, 0],
      [0.8, 0.6, 0],
      [0, 1, 0],
      [0, 0.6, 0.8],
      [0, 0, 1],
      [0.6, 0, 0.8],
    ].flat(),
  );
  it.each<[string, number[], number]>([
    ["pairs", [0, 0, 1, 1, 2, 2], 0.44835430270212867],
    ["one of a single row", [0, 0, 0, 1, 1, 2], 0.08903133903133904],
  ])("%s", (_, labels, mean) => {
    expect(silhouette(vectors, 3, labels)).toBeCloseTo(mean, 6);
  });

  it("leaves noise out, and takes the mean of some rows", () => {
    const labels = [0, 0, 1, 1, -1, -1];
    expect(silhouette(vectors, 3, labels)).toBeCloseTo(
      silhouette(vectors.subarray(0, 12), 3, labels.slice(0, 4)),
      12,
    );
    const each = [0, 1, 2, 3].map((row) => silhouette(vectors, 3, labels, { rows: [row, 5] }));
    expect(each.reduce((sum, x) => sum + x) / 4).toBeCloseTo(silhouette(vectors, 3, labels), 12);
  });

  it("needs two groups", () => {
    expect(() => silhouette(vectors, 3, [0, 0, 0, 0, -1, 0])).toThrow("too few groups (got 1");
    expect(() => silhouette(vectors, 3, [0, 1])).toThrow("not labels of the same rows");
  });
});

it("numbers labels in the order in which they come", () => {
  expect([...numberLabels(["b", "a", "b", "c"])]).toEqual([0, 1, 0, 2]);
});
