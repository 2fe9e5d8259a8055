import { expect, test } from "vitest";
import { sharedIsThere, whereShared } from "../test/shared.ts";
import { readScifact, toPairs } from "./real-data.ts";

test.skipIf(!sharedIsThere)(whereShared("SciFact's judgements become pairs"), async () => {
  const pairs = toPairs(await readScifact("train"));
  expect(pairs).toHaveLength(919);
  expect(pairs[0].anchor).toMatch(/\w/u);
  expect(pairs.every(({ positive }) => positive.length > 50)).toBe(true);
});

test("a pair for each relevant document, none for one of grade 0", () => {
  const documents = new Map([
    ["d1", "one"],
    ["d2", "two"],
    ["d3", "three"],
  ]);
  const queries = new Map([["q", "numbers"]]);
  const qrels = new Map([
    [
      "q",
      new Map([
        ["d1", 1],
        ["d2", 0],
        ["d3", 2],
      ]),
    ],
  ]);
  expect(toPairs({ documents, queries, qrels })).toEqual([
    { anchor: "numbers", positive: "one", negatives: [] },
    { anchor: "numbers", positive: "three", negatives: [] },
  ]);
});
