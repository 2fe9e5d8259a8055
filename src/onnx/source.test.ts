import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { floats, longs, type Tensor } from "../tensor/tensor.ts";
import { decodeModel } from "./decode.ts";
import { loadModel, saveWithWeights } from "./file.ts";
import { encodeMessage, type GraphProto, type ModelProto, type TensorProto } from "./proto.ts";
import { sourceFingerprint } from "./source.ts";
import { toTensorProto } from "./tensor-proto.ts";

/** A field that nobody here reads: its number and text. */
function unread(field: number, text: string): Uint8Array {
  return Uint8Array.of((field << 3) | 2, text.length, ...Buffer.from(text));
}

/** `y = Strange(x, w, table)` in opset 12, with texts in fields that are not read: of the model, of the graph, of a node. */
function fileBytes(weight: TensorProto, table = [3, 1, 2]): Uint8Array {
  const node = Buffer.concat([
    encodeMessage("NodeProto", { opType: "Strange", input: ["x", "w", "table"], output: ["y"] }),
    unread(6, "what the node is for"),
  ]);
  const value = (name: string) => ({ name, type: { tensorType: { elemType: 1 } } });
  const rest: GraphProto = {
    name: "a graph",
    input: [value("x")],
    output: [value("y")],
    initializer: [weight, toTensorProto(longs(table), "table")],
  };
  const graph = Buffer.concat([
    Uint8Array.of((1 << 3) | 2, node.length),
    node,
    encodeMessage("GraphProto", rest),
    unread(10, "what the graph is for"),
  ]);
  const model: ModelProto = { irVersion: 7, opsetImport: [{ version: 12 }] };
  return Buffer.concat([
    encodeMessage("ModelProto", model),
    unread(3, "the producer's version"),
    Uint8Array.of((7 << 3) | 2, ...varint(graph.length)),
    graph,
  ]);
}

function varint(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...varint(n >> 7)];
}

const weight = toTensorProto(floats([1, 2, 3, 4], [2, 2]), "w");
const weights = (tensor: Tensor) => new Map([["w", tensor]]);
const other = floats([5, 6, 7, 8], [2, 2]);

describe("a file with other weights", () => {
  test("holds what nobody reads, its opset, and what is no weight", async () => {
    await using folder = await temporaryFolder();
    const path = await folder.write("a.onnx", fileBytes(weight));
    const read = await loadModel(path);
    const copy = join(folder.path, "b.onnx");
    await saveWithWeights(copy, read.source, weights(other));
    const again = await loadModel(copy);
    expect(again.weights).toEqual(weights(other));
    expect(again.opsets).toEqual({ "": 12 });
    expect(again.source).toEqual(read.source);
    expect(sourceFingerprint(again.source)).toBe(sourceFingerprint(read.source));
    const text = Buffer.from(again.source.message).toString("latin1");
    for (const words of [
      "the producer's version",
      "what the graph is for",
      "what the node is for",
    ]) {
      expect(text).toContain(words);
    }
  });

  test("is the file itself with its own weights", () => {
    const { source, weights } = decodeModel(fileBytes(weight));
    const { source: again } = decodeModel(fileBytes(toTensorProto(other, "w")));
    expect(again).toEqual(source);
    expect(weights.get("w")).toEqual(floats([1, 2, 3, 4], [2, 2]));
  });

  test("takes in what lay in side files, or puts it into one of its own", async () => {
    await using folder = await temporaryFolder();
    const aside: TensorProto = {
      name: "w",
      dims: [2, 2],
      dataType: 1,
      dataLocation: 1,
      externalData: [{ key: "location", value: "side" }],
    };
    const path = await folder.write("a.onnx", fileBytes(aside));
    await writeFile(join(folder.path, "side"), Buffer.from(Float32Array.of(1, 2, 3, 4).buffer));
    const { source, weights: read } = await loadModel(path);
    expect(read.get("w")).toEqual(floats([1, 2, 3, 4], [2, 2]));
    const copy = join(folder.path, "copy", "b.onnx");
    await saveWithWeights(copy, source, read);
    expect(await readdir(join(folder.path, "copy"))).toEqual(["b.onnx"]);
    expect((await loadModel(copy)).source).toEqual(source);
  });

  test.each([
    [
      "a weight that is missing",
      new Map<string, Tensor>(),
      /^w: .*got nothing, wanted float32\[2,2\]/,
    ],
    [
      "one of another shape",
      weights(floats([1, 2])),
      /^w: .*got float32\[2\], wanted float32\[2,2\]/,
    ],
    ["one of another dtype", weights(longs([1, 2, 3, 4], [2, 2])), /got int64\[2,2\]/],
  ])("refuses %s", async (_, given, message) => {
    await using folder = await temporaryFolder();
    const { source } = decodeModel(fileBytes(weight));
    const path = join(folder.path, "b.onnx");
    await expect(saveWithWeights(path, source, given)).rejects.toThrow(message);
    expect(await readdir(folder.path)).toEqual([]);
  });
});

test("a fingerprint knows everything but the values of weights", () => {
  const of = (bytes: Uint8Array) => sourceFingerprint(decodeModel(bytes).source);
  const known = of(fileBytes(weight));
  expect(of(fileBytes(toTensorProto(other, "w")))).toBe(known);
  expect(of(fileBytes({ ...weight, docString: "weight" }))).not.toBe(known);
  expect(of(fileBytes(weight, [3, 1, 9]))).not.toBe(known);
});
