import ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { print } from "../../src/graph/print.ts";
import { decodeModel, encodeModel, loadModel, saveModel } from "../../src/onnx/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { temporaryFolder } from "../temporary.ts";
import { type Sample, samples } from "./graphs.ts";

/** The lines of a printed graph, inputs in one order: a file lists weights after the other inputs. */
function lines(graph: Sample["graph"]): string[] {
  const all = print(graph).split("\n");
  const isInput = (line: string) => line.startsWith("input ");
  return [...all.filter(isInput).sort(), ...all.filter((line) => !isInput(line))];
}

const cases = Object.entries(samples).map(([name, make]) => [name, make()] as const);

describe.each(cases)("%s", (_, { graph, weights, feeds, opsets, copies, runs = true }) => {
  const options = { weights, ...(opsets && { opsets }) };
  const { bytes } = encodeModel(graph, options);

  test("the same graph gives the same bytes", () => {
    expect(Buffer.from(encodeModel(graph, options).bytes).equals(bytes)).toBe(true);
  });

  test("comes back as it was, and once more to the same bytes", () => {
    const back = decodeModel(bytes);
    if (!copies) expect(lines(back.graph)).toEqual(lines(graph));
    for (const [name, value] of back.weights) expect(value).toEqual(weights.get(name));
    const again = encodeModel(back.graph, { weights: back.weights, opsets: back.opsets });
    const third = decodeModel(again.bytes);
    expect(lines(third.graph)).toEqual(lines(back.graph));
    if (!copies) expect(Buffer.from(again.bytes).equals(bytes)).toBe(true);
  });

  test.runIf(runs)("runs in ONNX Runtime, and so does what came back", async () => {
    const back = decodeModel(bytes);
    const again = encodeModel(back.graph, { weights: back.weights, opsets: back.opsets });
    const first = await run(bytes, feeds);
    expect(Object.keys(first).sort()).toEqual(Object.keys(graph.outputs).sort());
    expect(await run(again.bytes, feeds)).toEqual(first);
  });

  test.runIf(runs)("weights in a side file are the same model", async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/model.onnx`;
    await saveModel(path, graph, { ...options, externalData: { location: "model.onnx_data" } });
    const back = await loadModel(path);
    const inside = decodeModel(bytes);
    expect(back.weights).toEqual(inside.weights);
    expect(lines(back.graph)).toEqual(lines(inside.graph));
    expect(await run(path, feeds)).toEqual(await run(bytes, feeds));
  });
});

async function run(model: string | Uint8Array, feeds: Sample["feeds"]) {
  const session = await ort.InferenceSession.create(model as string);
  const tensors = Object.entries(feeds).map(([name, { dtype, shape, data }]: [string, Tensor]) => [
    name,
    new ort.Tensor(dtype as "float32", data as Float32Array, [...shape]),
  ]);
  const outputs = await session.run(Object.fromEntries(tensors));
  await session.release();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, dims, data }]) => [name, { type, dims, data }]),
  );
}
