import { expect, it } from "vitest";
import { inspectPairs } from "./inspect.ts";

const pair = (anchor: string, positive: string, ...negatives: string[]) => ({
  anchor,
  positive,
  negatives,
});

it("counts duplicates, contradictions and leaks, whatever the case and the spaces", () => {
  const train = [
    pair("How far?", "A mile."),
    pair("how  FAR?", " a mile."),
    pair("how far?", "A league."),
    pair("same", "Same"),
    pair("x", "y", "z", "Y"),
  ];
  const dev = [
    pair("HOW FAR?", "a mile."),
    pair("how far?", "new"),
    pair("new", "y"),
    pair("a", "b"),
  ];
  const { train: ours, dev: theirs, leaks } = inspectPairs(train, dev);
  expect(ours).toMatchObject({
    rows: 5,
    duplicates: 1,
    trivial: 1,
    contradictions: 1,
    negatives: 2,
  });
  expect(ours.anchors).toEqual({ mean: (8 + 9 + 8 + 4 + 1) / 5, median: 8, p95: 9, max: 9 });
  expect(theirs).toMatchObject({ rows: 4, duplicates: 0 });
  expect(leaks).toEqual({ pairs: 1, anchors: 2, positives: 2, first: [0, 1, 2] });
});

it("takes no evaluation rows, and no rows at all", () => {
  const { dev, leaks } = inspectPairs([pair("a", "b")]);
  expect(dev).toMatchObject({ rows: 0, anchors: { mean: 0, median: 0, p95: 0, max: 0 } });
  expect(leaks).toMatchObject({ pairs: 0, first: [] });
  expect(inspectPairs([]).train.rows).toBe(0);
});
