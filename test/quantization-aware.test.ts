/** Training that sees rounded weights: what it sees is what is served, and it helps. */
import { describe, expect, test } from "vitest";
import { openEncoder } from "../src/encoder/index.ts";
import { type Loss, losses } from "../src/losses/index.ts";
import type { Model } from "../src/models/model.ts";
import { batchingOf } from "../src/nn/batching.ts";
import { parseWeightFormat, weightFormats } from "../src/nn/weight-formats.ts";
import { encodeModel } from "../src/onnx/encode.ts";
import { formatsFor, quantizable, quantizeModel } from "../src/quantize/index.ts";
import { openSession } from "../src/runtime/session.ts";
import { floats, type Tensor } from "../src/tensor/tensor.ts";
import { forwardGraph, names } from "../src/train/graphs.ts";
import { type Task, type TrainOptions, trainTasks, trainToEnd } from "../src/train/index.ts";
import { temporaryFolder } from "./temporary.ts";
import { texts, tinyBert, tinyLlama } from "./tiny-models.ts";

const given = texts.filter((text) => text !== "");
const tables = weightFormats["int8-rows"];
const formatsOf = (model: Model, name: string) =>
  formatsFor(quantizable(model), parseWeightFormat(name), tables);

async function vectorsOf(model: Model<Tensor>, some: readonly string[] = given) {
  await using encoder = await openEncoder(model);
  return (await encoder.encode(some)).vectors;
}

/** The embeddings of a training step's graph. */
async function trainedForward(model: Model, name: string): Promise<Float32Array> {
  const { architecture, config, head, tokenizer, maxTokens: maxLength } = model;
  const formats = formatsOf(model, name);
  const graph = forwardGraph({ architecture, config, head, dropout: false, formats });
  const sequences = given.map((text) => tokenizer.encode(text, { maxLength }).ids);
  const { feeds } = batchingOf(architecture, head).pack(sequences);
  await using session = await openSession(encodeModel(graph).bytes);
  const results = await session.run({ ...Object.fromEntries(model.weights), ...feeds });
  return results[names.embeddings].data as Float32Array;
}

describe.each(Object.entries({ bert: tinyBert, llama: tinyLlama }))("%s", (_, make) => {
  // In blocks, ONNX Runtime rounds the activations too, which training does not see.
  test.each([
    ["int8", 2e-3],
    ["int7", 2e-3],
    ["int4-block32", 2e-2],
  ])("what a step sees in %s is what is served", async (name, atol) => {
    const model = make();
    const served = await vectorsOf(quantizeModel(model, formatsOf(model, name)));
    const seen = await trainedForward(model, name);
    expect(seen).toBeClose(served, { rtol: 0, atol });
    // It is not what the floats give.
    const apart = (await vectorsOf(model)).map((x, i) => Math.abs(x - served[i]));
    expect(Math.max(...apart)).toBeGreaterThan(name === "int8" ? 2e-3 : atol / 2);
  });
});

/** Texts with the float model's vectors, to be learnt by the same model as it is rounded. */
async function lesson(model: Model): Promise<{ task: Task; vectors: Float32Array }> {
  const words = ["fox", "dog", "space", "vector", "text", "word", "lazy", "quick"];
  const rows = words.flatMap((a) => words.map((b) => `the ${a} of one ${b}`));
  const vectors = await vectorsOf(model, rows);
  const teacher = floats(vectors, [rows.length, vectors.length / rows.length]);
  const needs = { texts: { least: 1, most: 1 }, teacher: "anchor" } as const;
  const anchors = rows.map((anchor) => ({ anchor, negatives: [] }));
  return { task: { rows: anchors, needs, teacher, prompts: { query: "", document: "" } }, vectors };
}

const loss = losses["embed-distill"].make({}) as Loss;
const quick: TrainOptions = { loss, batchSize: 16, epochs: 12, learningRate: 1e-3, weightDecay: 0 };

test("the rounded model comes nearer to the float one than rounding alone", async () => {
  const model = tinyBert();
  const formats = formatsOf(model, "int4-block32");
  const { task, vectors } = await lesson(model);
  const rows = task.rows.map(({ anchor }) => anchor);
  const error = async (one: Model) => {
    const found = await vectorsOf(quantizeModel(one, formats), rows);
    return found.reduce((sum, x, i) => sum + (x - vectors[i]) ** 2, 0);
  };
  const before = await error(model);
  const trained = await trainToEnd(trainTasks(model, [task], { ...quick, formats }));
  expect(await error(trained)).toBeLessThan(0.5 * before);
});

test("a run is resumed in its own formats alone; adapters are not rounded", async () => {
  await using folder = await temporaryFolder();
  const model = tinyBert();
  const { task } = await lesson(model);
  const options = { ...quick, epochs: 2, checkpointEvery: 3, checkpoint: `${folder.path}/state` };
  const run = (name: string) =>
    trainToEnd(
      trainTasks(model, [task], { ...options, formats: formatsOf(model, name), resume: true }),
    );
  const first = await run("int8");
  const again = await run("int8");
  expect([...again.weights.values()].map(({ data }) => data)).toEqual(
    [...first.weights.values()].map(({ data }) => data),
  );
  await expect(run("int7")).rejects.toThrow("of another run");
  const lora = { rank: 2, alpha: 4, targets: "all-linear" } as const;
  const both = trainToEnd(
    trainTasks(model, [task], { ...quick, lora, formats: formatsOf(model, "int8") }),
  );
  await expect(both).rejects.toThrow(/lora and formats/);
});
