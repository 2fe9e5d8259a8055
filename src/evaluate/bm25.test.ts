import { describe, expect, it } from "vitest";
import { bm25, words } from "./bm25.ts";

describe("words", () => {
  it.each([
    ["readFileSync", "read file sync"],
    ["HTMLElement", "html element"],
    ["XMLHttpRequest2", "xml http request 2"],
    ["utf8_decode", "utf 8 decode"],
    ["The cat's whiskers.", "the cat s whiskers"],
    ["ÉCOLE École éCole", "école école é cole"],
    ["e\u0301t\u0065\u0301", "e\u0301t\u0065\u0301"],
    ["日本語 テキスト", "日本語 テキスト"],
    ["!? \n", ""],
    ["A", "a"],
  ])("of %j are %j", (text, wanted) => {
    expect(words(text).join(" ")).toBe(wanted);
  });

  it("of a long run of letters take linear time", () => {
    const started = performance.now();
    words("A".repeat(1_000_000));
    words("aB".repeat(500_000));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("bm25", () => {
  const documents: [string, string][] = [
    ["d1", "the quick brown fox"],
    ["d2", "the lazy dog sleeps, the dog dreams"],
    ["d3", "quick quick"],
    ["d4", ""],
  ];

  it("is the formula", () => {
    // N = 4, mean length = (4 + 7 + 2 + 0) / 4; "quick" is in two documents, "dog" in one.
    const mean = 13 / 4;
    const idf = (n: number) => Math.log(1 + (4 - n + 0.5) / (n + 0.5));
    const part = (n: number, times: number, length: number) =>
      (idf(n) * times * 2.2) / (times + 1.2 * (0.25 + (0.75 * length) / mean));
    const scores = { d1: part(2, 1, 4), d2: part(1, 2, 7), d3: part(2, 2, 2) };
    const wanted = Object.entries(scores).sort(([, a], [, b]) => b - a);
    const found = bm25(documents).search("quick dog", 10);
    expect(found.map(({ id }) => id)).toEqual(wanted.map(([id]) => id));
    expect(found.map(({ score }) => score)).toBeClose(
      wanted.map(([, score]) => score),
      { rtol: 1e-12 },
    );
  });

  it("counts a repeated word of the query, and finds nothing for unknown words", () => {
    const index = bm25(documents);
    const [once] = index.search("fox", 1);
    const [twice] = index.search("fox FOX", 1);
    expect(twice.score).toBeCloseTo(2 * once.score, 12);
    expect(index.search("cat constructor", 5)).toEqual([]);
    expect(index.search("", 5)).toEqual([]);
  });

  it("breaks ties by id, either way", () => {
    const equal: [string, string][] = ["d9", "d10", "d1"].map((id) => [id, "same words"]);
    const order = (ties: "ascending" | "descending") =>
      bm25(equal, { ties })
        .search("same", 2)
        .map(({ id }) => id);
    expect(order("ascending")).toEqual(["d1", "d10"]);
    expect(order("descending")).toEqual(["d9", "d10"]);
  });

  it.each<[string, [string, string][], object]>([
    ["no documents", [], {}],
    ["a negative k1", documents, { k1: -1 }],
    ["b over 1", documents, { b: 1.5 }],
  ])("refuses %s", (_, texts, options) => {
    expect(() => bm25(texts, options)).toThrow(/not a BM25 index/);
  });
});
