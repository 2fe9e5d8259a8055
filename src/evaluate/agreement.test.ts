import { describe, expect, it } from "vitest";
import { floats } from "../tensor/tensor.ts";
import {
  cosines,
  rankBiasedOverlap,
  runAgreement,
  topKOverlap,
  vectorAgreement,
} from "./agreement.ts";

const ranking = (ids: string) => Array.from(ids, (id, i) => ({ id, score: -i }));

describe("rankBiasedOverlap", () => {
  // The Python package rbo 0.1.3: rbo.RankingSimilarity(list(a), list(b)).rbo_ext(p=p).
  it.each([
    ["abc", "abc", 0.9, 1],
    ["abc", "xyz", 0.9, 0],
    ["abcde", "bacde", 0.9, 0.9],
    ["abcde", "bacde", 0.5, 0.5],
    ["abcdefghij", "abxdeyghzj", 0.9, 0.7642534952285713],
    ["abcdefghij", "abxdeyghzj", 0.5, 0.9268043154761906],
    ["ab", "bacd", 0.9, 0.9],
    ["abcdef", "afbx", 0.9, 0.661915],
    ["abcdef", "afbx", 0.5, 0.7760416666666666],
    ["abcd", "dcba", 0.9, 0.783],
  ])("%s and %s at %d: %d", (a, b, p, wanted) => {
    expect(rankBiasedOverlap(ranking(a), ranking(b), p)).toBeCloseTo(wanted, 12);
    expect(rankBiasedOverlap(ranking(b), ranking(a), p)).toBeCloseTo(wanted, 12);
  });

  it.each([
    ["", "", 1],
    ["", "a", 0],
  ])("%j and %j: %d", (a, b, wanted) => {
    expect(rankBiasedOverlap(ranking(a), ranking(b), 0.9)).toBe(wanted);
  });

  it.each([0, 1, -1, Number.NaN])("refuses a persistence of %s", (p) => {
    expect(() => rankBiasedOverlap([], [], p)).toThrow(/not a persistence/);
  });
});

describe("topKOverlap", () => {
  it.each([
    ["abcde", "edcba", 5, 1],
    ["abcde", "edcba", 2, 0],
    ["abcde", "edcba", 3, 1 / 3],
    ["abc", "abx", 10, 2 / 3],
    ["ab", "abcd", 10, 2 / 4],
    ["", "", 10, 1],
    ["", "a", 10, 0],
  ])("%j and %j at %d: %d", (a, b, k, wanted) => {
    expect(topKOverlap(ranking(a), ranking(b), k)).toBe(wanted);
  });

  it("refuses a k of 0", () => {
    expect(() => topKOverlap([], [], 0)).toThrow(/not a number of hits/);
  });
});

describe("runAgreement", () => {
  it("is a mean over the queries of both", () => {
    const a = new Map([
      ["q", ranking("abc")],
      ["only here", ranking("abc")],
    ]);
    const b = new Map([["q", ranking("abc")]]);
    expect(runAgreement(a, b)).toEqual({ overlap: 1 / 2, rankBiasedOverlap: 1 / 2 });
    expect(runAgreement(b, b, { k: 1, persistence: 0.5 })).toEqual({
      overlap: 1,
      rankBiasedOverlap: 1,
    });
  });

  it("refuses two empty runs", () => {
    expect(() => runAgreement(new Map(), new Map())).toThrow(/no query to compare/);
  });
});

describe("cosines", () => {
  const x = floats([1, 2, 2, 3, 0, 4, 0, -1, 1, 0, 0, 0], [4, 3]);
  const y = floats([2, 2, 1, 4, 0, 3, 1, -1, 0, 1, 0, 0], [4, 3]);

  it("of each row; 0 with a zero vector", () => {
    expect(cosines(x, y)).toBeClose([8 / 9, 24 / 25, 1 / 2, 0], { atol: 1e-12 });
  });

  it("refuses other shapes", () => {
    expect(() => cosines(x, floats(new Float32Array(12), [3, 4]))).toThrow(
      /got \[4,3\] and \[3,4\]/,
    );
  });
});

describe("vectorAgreement", () => {
  const a = floats([1, 2, 2, 3, 0, 4, 0, 0, 0], [3, 3]);

  it.each([
    ["the mean and the least of what has vectors", [2, 2, 1, 4, 0, 3, 0, 0, 0], 208 / 225, 8 / 9],
    ["a vector in one alone agrees with nothing", [2, 2, 1, 4, 0, 3, 0, 0, 1], 416 / 675, 0],
  ])("%s", (_, data, mean, min) => {
    const found = vectorAgreement([a, floats(data, [3, 3])]);
    expect([found.mean, found.min]).toBeClose([mean, min], { atol: 1e-12 });
  });

  it("is over all parts", () => {
    const [x, y] = [floats([1, 0], [1, 2]), floats([0, 1, 0, 1, 0, 1], [3, 2])];
    expect(vectorAgreement([x, x], [y, y])).toEqual({ mean: 1, min: 1 });
    expect(vectorAgreement([x, floats([0, 1], [1, 2])], [y, y])).toEqual({ mean: 3 / 4, min: 0 });
  });

  it("of nothing is no number", () => {
    const zeros = floats([0, 0], [1, 2]);
    expect(vectorAgreement([zeros, zeros])).toEqual({ mean: Number.NaN, min: Number.NaN });
  });
});
