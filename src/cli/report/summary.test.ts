import { expect, test } from "vitest";
import { verdict } from "./summary.ts";

const scores = (mean: number) => ({ ndcg10: { mean, low: mean, high: mean }, recall10: mean });

test.each([
  [
    "better",
    0.56,
    0.26,
    0.0001,
    "2.2 times as much, which chance hardly explains (paired test, p < 0.001).",
  ],
  [
    "a little better",
    0.51,
    0.5,
    0.03,
    "more, which chance hardly explains (paired test, p = 0.030).",
  ],
  [
    "better than nothing",
    0.5,
    0,
    0.001,
    "more, which chance hardly explains (paired test, p = 0.001).",
  ],
  ["worse", 0.2, 0.3, 0.01, "keyword search is better (paired test, p = 0.010)."],
  ["undecided", 0.3, 0.29, 0.4, "too close to call (paired test, p = 0.400)."],
])("%s", (_, model, bm25, p, end) => {
  const text = verdict({ name: "All", queries: 800, model: scores(model), bm25: scores(bm25), p });
  expect(text.replaceAll("\u00a0", " ")).toBe(
    `nDCG@10 is ${model.toFixed(3)} over 800 queries, where BM25 reaches ${bm25.toFixed(3)}: ${end}`,
  );
});

test("without a test it claims nothing, without BM25 it compares nothing", () => {
  const alone = { name: "All", queries: 1, model: scores(0.5) };
  expect(verdict(alone)).toBe("nDCG@10 is 0.500 over 1 query.");
  expect(verdict({ ...alone, bm25: scores(0.1) })).toBe(
    "nDCG@10 is 0.500 over 1 query, where BM25 reaches 0.100.",
  );
});
