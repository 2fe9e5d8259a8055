import { describe, expect, it } from "vitest";
import { fisherInterval } from "./eval.ts";
import { halves, heldOutShare, recipes } from "./recipes.ts";
import { pairsAsRetrieval } from "./retrieval.ts";
import { oneLine } from "./table.ts";

it("pairs as retrieval: equal texts are one query or one document", () => {
  const pair = (anchor: string, positive: string) => ({ anchor, positive, negatives: [] });
  const set = pairsAsRetrieval([pair("a", "x"), pair("a", "y"), pair("b", "x"), pair("x", "b")]);
  expect([...set.queries.values()]).toEqual(["a", "b", "x"]);
  expect([...set.documents.values()]).toEqual(["x", "y", "b"]);
  const named = [...set.qrels].map(([query, grades]) => [
    set.queries.get(query),
    [...grades.keys()].map((id) => set.documents.get(id)),
  ]);
  expect(named).toEqual([
    ["a", ["x", "y"]],
    ["b", ["x"]],
    ["x", ["b"]],
  ]);
});

describe("the interval of a correlation", () => {
  // Pearson: tanh(atanh 0.5 ± 1.96 / 5). Spearman: the same with √(1 + 0.5² / 2) times the reach.
  it.each([
    ["pearson", 0.5, 28, 0.15602, 0.73582],
    ["spearman", 0.5, 28, 0.13274, 0.74654],
    ["pearson", 1, 28, 1, 1],
  ] as const)("%s %s of %s pairs", (kind, r, size, low, high) => {
    const interval = fisherInterval(r, size, kind);
    expect([interval.mean, interval.low, interval.high]).toBeClose([r, low, high], { atol: 1e-4 });
  });
});

it.each([
  [100, 0],
  [399, 0],
  [400, 0.05],
  [40_000, 0.05],
  [200_000, 0.01],
])("of %s pairs a share of %s is held out", (pairs, share) => {
  expect(heldOutShare(pairs)).toBe(share);
});

it.each([
  [256, [256, 128, 64, 32]],
  [384, [384, 192, 96, 48]],
  [100, [100, 50]],
  [33, [33]],
])("%s dimensions are trained for the widths %j", (dims, widths) => {
  expect(halves(dims)).toEqual(widths);
});

it.each([
  [1000, 12],
  [40_000, 5],
  [10_000_000, 1],
])("%s pairs are passed over %s times", (pairs, epochs) => {
  expect(recipes.static.epochs(pairs)).toBe(epochs);
});

it.each([
  ["plain", 10, "plain"],
  ["two\nlines\t\u001b[31mred", 40, "two lines [31mred"],
  ["longer than that", 8, "longer …"],
])("%j in %s columns", (text, width, wanted) => {
  expect(oneLine(text, width)).toBe(wanted);
});
