import { expect, it } from "vitest";
import { type Distribution, Tally } from "./report.ts";
import type { Reason } from "./select.ts";

const nothing = { negatives: [], dropped: [], seen: 0 };
const match = (anchor: string, positiveScore: number) => ({ anchor, positives: [], positiveScore });

it.each<[string, number[], Partial<Distribution>]>([
  ["nothing", [], { count: 0, mean: 0, std: 0, min: 0, median: 0, max: 0 }],
  [
    "one",
    [0.5],
    { count: 1, mean: 0.5, std: 0, min: 0.5, p25: 0.5, median: 0.5, p75: 0.5, max: 0.5 },
  ],
  [
    "four, in any order",
    [4, 1, 3, 2],
    { count: 4, mean: 2.5, min: 1, p25: 1, median: 2, p75: 3, max: 4 },
  ],
  ["a spread", [2, 4, 4, 4, 5, 5, 7, 9], { mean: 5, std: 2 }],
])("the distribution of %s", (_, scores, wanted) => {
  const tally = new Tally();
  for (const score of scores) tally.addPair(score, false, []);
  expect(tally.report().scores.positives).toMatchObject(wanted);
});

it("counts pairs, what they had before, and negatives above their positive", () => {
  const tally = new Tally();
  tally.addPair(0.5, true, [
    { text: "a", score: 0.6 },
    { text: "b", score: 0.25 },
  ]);
  tally.addPair(0.5, true, undefined);
  const { scores, ...counts } = tally.report();
  expect(counts).toMatchObject({ pairs: 2, mined: 1, short: 1, replaced: 1, above: 1 });
  expect(scores.negatives).toMatchObject({ count: 2, min: 0.25, max: 0.6 });
  expect(scores.differences.max).toBe(0.25);
});

it("keeps the likeliest false negatives, one an anchor, of the rules that are against them", () => {
  const tally = new Tally();
  const drop = (anchor: string, list: readonly (readonly [string, number, Reason])[]) => {
    const dropped = list.map(([text, score, reason]) => ({ text, score, reason }));
    tally.addAnchor(match(anchor, 0.5), "p", { ...nothing, dropped, seen: dropped.length });
  };
  drop("a", [
    ["known", 0.9, "positive"],
    ["low", 0.48, "relativeMargin"],
    ["high", 0.7, "relativeMargin"],
  ]);
  drop("b", [
    ["far", 0.1, "minScore"],
    ["skipped", 0.4, "rangeMin"],
  ]);
  for (const [i, score] of [0.51, 0.6, 0.8, 0.55, 0.52].entries())
    drop(`c${i}`, [[`t${i}`, score, "maxScore"]]);
  const { falseNegatives, dropped, candidates, anchors } = tally.report();
  expect(falseNegatives.map(({ anchor, text }) => `${anchor} ${text}`)).toEqual([
    "c2 t2",
    "a high",
    "c1 t1",
    "c3 t3",
    "c4 t4",
  ]);
  expect(falseNegatives[1]).toMatchObject({
    positive: "p",
    positiveScore: 0.5,
    score: 0.7,
    reason: "relativeMargin",
  });
  expect(dropped).toMatchObject({
    positive: 1,
    relativeMargin: 2,
    minScore: 1,
    rangeMin: 1,
    maxScore: 5,
    anchor: 0,
  });
  expect({ candidates, anchors }).toEqual({ candidates: 10, anchors: 7 });
});
