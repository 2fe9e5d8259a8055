import { expect, test } from "vitest";
import type { Ranking, Run } from "../../evaluate/index.ts";
import { compareRuns } from "./compare-runs.ts";

const ranking = (...ids: readonly string[]): Ranking =>
  ids.map((id, i) => ({ id, score: 1 - i / 10 }));
const run = (rankings: Readonly<Record<string, Ranking>>): Run => new Map(Object.entries(rankings));
const queries = ["q1", "q2"].map((id) => ({ id, text: `text of ${id}` }));
const a = run({ q1: ranking("a", "b"), q2: ranking("c", "d") });

test("a run agrees with itself", () => {
  const found = compareRuns(a, a, queries, { k: 2 });
  expect(found).toMatchObject({ queries: 2, overlap: { mean: 1 }, sameFirst: 2 });
  expect(found.rankBiasedOverlap).toBeCloseTo(1, 12);
  expect(found.differing).toEqual([]);
});

test("what differs most comes first, with what either found", () => {
  const b = run({ q1: ranking("b", "a"), q2: ranking("x", "y") });
  const found = compareRuns(a, b, queries, { k: 2, worst: 1 });
  expect(found).toMatchObject({ overlap: { mean: 0.5 }, sameFirst: 0 });
  expect(found.differing).toEqual([
    { query: "q2", text: "text of q2", overlap: 0, a: ["c", "d"], b: ["x", "y"] },
  ]);
});

test("judged, the second is ours and the first the baseline", () => {
  const b = run({ q1: ranking("b", "a"), q2: ranking("d", "c") });
  const qrels = new Map([
    ["q1", new Map([["b", 1]])],
    ["q2", new Map([["d", 1]])],
    ["another", new Map([["z", 1]])],
  ]);
  const { judged } = compareRuns(a, b, queries, { qrels });
  expect(judged?.queries).toBe(2);
  expect(judged?.ndcg10.ours.mean).toBe(1);
  expect(judged?.ndcg10.baseline.mean).toBeCloseTo(1 / Math.log2(3), 12);
});

test.each([
  ["no query", [], new Map(), "no query to compare"],
  ["no judged query", queries, new Map([["z", new Map([["a", 1]])]]), "none of the queries"],
])("%s is refused", (_, asked, qrels, message) => {
  expect(() => compareRuns(a, a, asked, { qrels })).toThrow(message);
});
