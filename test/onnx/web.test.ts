import * as ort from "onnxruntime-web";
import { expect, test } from "vitest";
import { encodeModel } from "../../src/onnx/index.ts";
import type { Sample } from "./graphs.ts";
import { samples } from "./graphs.ts";

test.each(["mlp", "control"] as const)("%s runs in onnxruntime-web", async (name) => {
  const { graph, weights, feeds, opsets }: Sample = samples[name]();
  const { bytes } = encodeModel(graph, { weights, ...(opsets && { opsets }) });
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  expect([...session.inputNames].sort()).toEqual(Object.keys(feeds).sort());
  const tensors = Object.entries(feeds).map(([key, { dtype, shape, data }]) => [
    key,
    new ort.Tensor(dtype as "float32", data as Float32Array, [...shape]),
  ]);
  const outputs = await session.run(Object.fromEntries(tensors));
  expect(Object.keys(outputs).sort()).toEqual(Object.keys(graph.outputs).sort());
  await session.release();
});
