import { describe, expect, it } from "vitest";
import { type Measure, measure } from "./measures.ts";
import { scoreRun } from "./retrieval.ts";

const judgements = new Map([
  ["a", 2],
  ["b", 1],
  ["c", 0],
  ["d", -1],
]);
const log = Math.log2;

describe("measures", () => {
  it.each<[Measure, string, number]>([
    ["ndcg@10", "ab", 1],
    ["ndcg@10", "ba", (1 + 2 / log(3)) / (2 + 1 / log(3))],
    ["ndcg@1", "ba", 1 / 2],
    ["ndcg", "xxxa", 2 / log(5) / (2 + 1 / log(3))],
    ["mrr@2", "xxa", 0],
    ["mrr@3", "xxa", 1 / 3],
    ["map@10", "xaxb", (1 / 2 + 2 / 4) / 2],
    ["map@1", "a", 1 / 2],
    ["cappedMap@1", "a", 1],
    ["recall@2", "xab", 1 / 2],
    ["precision@10", "ab", 2 / 10],
    ["precision", "abcd", 2 / 4],
    ["accuracy@2", "ab", 1],
    ["accuracy@1", "xa", 0],
    ["ndcg@10", "", 0],
    ["precision", "", 0],
    ["mrr", "cd", 0],
  ])("%s of %s is %d", (name, ids, value) => {
    expect(measure(name)([...ids], judgements)).toBeCloseTo(value, 15);
  });

  it.each(["ndcg@0", "ndcg@", "ndcg@-1", "dcg@10", "toString", "ndcg@1e3", ""])(
    "refuse %s",
    (name) => {
      expect(() => measure(name as Measure)).toThrow(/not a measure/);
    },
  );
});

describe("scoreRun", () => {
  const hits = (ids: string) => Array.from(ids, (id, i) => ({ id, score: -i }));
  const qrels = new Map([
    ["found", judgements],
    ["absent", judgements],
    ["nothing relevant", new Map([["a", 0]])],
  ]);
  const run = new Map([
    ["found", hits("ab")],
    ["never judged", hits("ab")],
  ]);

  it("counts a judged query that the run lacks as 0, and leaves out one without relevant documents", () => {
    const { queries, mean, perQuery } = scoreRun(run, qrels);
    expect(queries).toEqual(["found", "absent"]);
    expect([...perQuery["ndcg@10"]]).toEqual([1, 0]);
    expect(mean["recall@10"]).toBe(1 / 2);
  });

  it("counts it as 0 where asked", () => {
    const { mean } = scoreRun(run, qrels, { measures: ["mrr@1"], withoutRelevant: "zero" });
    expect(mean).toEqual({ "mrr@1": 1 / 3 });
  });

  it("refuses to score nothing", () => {
    expect(() => scoreRun(run, new Map([["q", new Map([["a", 0]])]]))).toThrow(/no query to score/);
  });
});
