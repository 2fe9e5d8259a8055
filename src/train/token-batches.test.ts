import { expect, test } from "vitest";
import { tinyStatic } from "../../test/tiny-models.ts";
import type { Row } from "../data/row.ts";
import { losses } from "../losses/registry.ts";
import { tokenBatches } from "./token-batches.ts";

const options = { batchSize: 6, epochs: 2, seed: 1, noDuplicates: true, mixtureTemperature: 1 };

test("where labels are classes, every batch has two rows of each that it has", () => {
  const rows: Row[] = Array.from({ length: 24 }, (_, i) => ({
    anchor: `text ${"abcdefghijklmnopqrstuvwx"[i]}`,
    negatives: [],
    label: `class ${i % 5}`,
  }));
  const plan = tokenBatches(
    tinyStatic(),
    [{ rows, needs: losses["batch-all-triplet"].needs }],
    options,
  );
  expect(plan.totalSteps).toBe(6);
  for (let step = 0; step < plan.totalSteps; step++) {
    const { labels } = plan.batch(step).batch;
    const counts = Object.values(Object.groupBy(labels!, (label) => label));
    expect(counts.length).toBeGreaterThan(1);
    for (const group of counts) expect(group!.length).toBeGreaterThan(1);
  }
});

test.each([
  ["in one batch where rows have labels", losses.cosent.needs, [6]],
  ["apart where other rows are the negatives", losses["info-nce"].needs, [2, 2, 2]],
])("rows that share a text stand %s", (_, needs, sizes) => {
  const rows = Array.from({ length: 6 }, (_, i) => ({
    ...{ anchor: `text ${i % 2}`, positive: `text ${"abcdef"[i]}`, negatives: [], label: i },
  }));
  const plan = tokenBatches(tinyStatic(), [{ rows, needs }], { ...options, epochs: 1 });
  const found = Array.from({ length: plan.totalSteps }, (_, step) => plan.batch(step).batch);
  expect(found.map(({ sequences }) => sequences.length / 2)).toEqual(sizes);
});

test("rows that share no text that is read stand in one batch", () => {
  const rows = Array.from("abcdef", (letter, i) => ({
    ...{ anchor: `text ${letter}`, positive: `match ${letter}` },
    negatives: i === 3 ? [] : ["the same for all"],
  }));
  const plan = tokenBatches(tinyStatic(), [{ rows }], { ...options, epochs: 1 });
  expect(plan.shapes).toEqual([{ columns: 2, labels: 0 }]);
  expect(plan.totalSteps).toBe(1);
});

test.each<[string, readonly (string | undefined)[], number]>([
  ["has beside the anchor what every row has", ["b", "b", "b"], 2],
  ["has the anchor alone where a row has no more", ["b", undefined, "b"], 1],
])("a loss of any texts %s", (_, positives, columns) => {
  const rows = positives.map((positive, i) => ({
    anchor: `text ${i}`,
    ...(positive !== undefined && { positive: `${positive}${i}` }),
    negatives: [],
  }));
  const plan = tokenBatches(tinyStatic(), [{ rows, needs: losses.flops.needs }], options);
  expect(plan.shapes).toEqual([{ columns, labels: 0 }]);
  expect(plan.batch(0).batch.sequences.length).toBe(3 * columns);
});
