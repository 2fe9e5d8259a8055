import { expect, test } from "vitest";
import { compareQuality, isTied } from "./quality.ts";

const rows = Array.from({ length: 200 }, (_, i) => (i % 5) / 4);
const reference = { ndcg: rows, searchMs: 1, sts: rows };
const wanted = rows.map((value) => 5 * value);
const less = (by: number) => rows.map((value) => value * by);

test("the model itself keeps all, to the last digit", () => {
  const { kept, measures } = compareQuality(reference, reference, wanted);
  expect(kept).toMatchObject({ mean: 1, low: 1, high: 1 });
  expect(Object.keys(measures)).toEqual(["ndcg@10", "spearman"]);
});

test("the measure that keeps least is the headline", () => {
  const shuffled = rows.map((value, i) => (i % 2 ? 1 - value : value));
  const { kept, measures } = compareQuality({ ...reference, sts: shuffled }, reference, wanted);
  expect(kept).toBe(measures.spearman.kept);
  expect(measures["ndcg@10"].kept.mean).toBe(1);
  const ndcg = compareQuality({ ...reference, ndcg: less(0.9) }, reference, wanted);
  expect(ndcg.kept.mean).toBeCloseTo(0.9);
  expect(ndcg.kept).toBe(ndcg.measures["ndcg@10"].kept);
});

test("without pairs there is one measure", () => {
  const { sts: _, ...alone } = reference;
  expect(Object.keys(compareQuality(alone, alone).measures)).toEqual(["ndcg@10"]);
});

test.each([
  ["all a little less", less(0.98), false],
  ["one query less", rows.map((value, i) => (i === 3 ? 0 : value)), true],
  ["the same", rows, true],
])("%s: chance? %#", (_, ndcg, tied) => {
  expect(isTied(reference, { ...reference, ndcg }, wanted)).toBe(tied);
});
