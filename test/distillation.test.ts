/** Training on a teacher's vectors: what a batch holds, what is refused, and a clock that ends it. */
import { expect, test } from "vitest";
import { type Loss, losses } from "../src/losses/index.ts";
import { floats } from "../src/tensor/tensor.ts";
import { type Task, type TrainEvent, trainTasks, trainToEnd } from "../src/train/index.ts";
import { tokenBatches } from "../src/train/token-batches.ts";
import { tinyBert } from "./tiny-models.ts";

const words = ["fox", "dog", "space", "vector", "text", "word", "lazy", "quick"];
const rows = words.map((word) => ({ anchor: `the ${word}`, negatives: [] }));
const needs = { texts: { least: 1, most: 1 }, teacher: "anchor" } as const;
/** Row `i` is `i` and `-i` in turn. */
const teacher = floats(
  Float32Array.from({ length: 8 * 32 }, (_, i) => Math.floor(i / 32) * (i % 2 === 0 ? 1 : -1)),
  [8, 32],
);
const task: Task = { rows, needs, teacher };
const loss = losses["embed-distill"].make({}) as Loss;
const quick = { batchSize: 4, epochs: 2, seed: 1, noDuplicates: true, mixtureTemperature: 1 };

test("a batch brings the teacher's vectors of its texts, in their order", () => {
  const model = tinyBert();
  const plan = tokenBatches(model, [task], quick);
  expect(plan.shapes).toEqual([{ columns: 1, labels: 0, teacher: 32 }]);
  for (const step of [0, 1]) {
    const { sequences, teacher: vectors } = plan.batch(step).batch;
    const wanted = sequences.map((ids) => {
      const prefix = model.prompts.query;
      return rows.findIndex(
        ({ anchor }) => `${model.tokenizer.encode(prefix + anchor).ids}` === `${ids}`,
      );
    });
    expect(wanted.map((_, i) => vectors![32 * i])).toEqual(wanted);
    expect(wanted.map((_, i) => 0 - vectors![32 * i + 31])).toEqual(wanted);
  }
});

test.each([1, 1024])("the loss falls, in chunks of %i as in one graph", async (chunkSize) => {
  const found: number[] = [];
  const events = trainTasks(tinyBert(), [task], {
    ...quick,
    epochs: 8,
    loss,
    learningRate: 3e-3,
    chunkSize,
  });
  await trainToEnd(events, (event) => event.type === "step" && found.push(event.loss));
  expect(found.at(-1)!).toBeLessThan(0.8 * found[0]);
});

test("rows without a teacher's vectors are refused, and a teacher of other rows", async () => {
  const without = trainToEnd(trainTasks(tinyBert(), [{ rows, needs }], { ...quick, loss }));
  await expect(without).rejects.toThrow(/row 1: the row lacks a teacher's embeddings/);
  const fewer = { ...task, teacher: floats(new Float32Array(64), [2, 32]) };
  const other = trainToEnd(trainTasks(tinyBert(), [fewer], { ...quick, loss }));
  await expect(other).rejects.toThrow(/the teacher embedded other rows \(got 2, wanted 8\)/);
});

test("the clock ends a run, after a last evaluation; its rate has fallen by then", async () => {
  const seen: TrainEvent[] = [];
  const evaluate = async () => ({ score: 1, metrics: {} });
  const settings = { ...quick, epochs: 5_000, loss, evaluate, evaluateEvery: 1_000_000 };
  await trainToEnd(trainTasks(tinyBert(), [task], { ...settings, maxSeconds: 0.5 }), (event) =>
    seen.push(event),
  );
  const steps = seen.filter((event) => event.type === "step");
  expect(steps.length).toBeLessThan(5_000);
  expect(seen.slice(-2).map(({ type }) => type)).toEqual(["evaluation", "done"]);
  if (steps.length > 10) expect(steps.at(-1)!.learningRate).toBeLessThan(1e-5);
});
