import { describe, expect, test } from "vitest";
import { constant, graphOf, input, makeNode, only, type Value } from "../graph/node.ts";
import { add, cast, layerNorm, matmul, mul, reduceMean, relu, topK } from "../graph/ops/index.ts";
import { floats, ints, type Tensor, zeros } from "../tensor/tensor.ts";
import { type EncodeOptions, encodeModel } from "./encode.ts";
import type { Initializer } from "./initializer.ts";
import { layOut } from "./layout.ts";
import { irVersionOf, opsetsOf } from "./opset.ts";
import { decodeModelProto, type ModelProto } from "./proto.ts";

const x = input("x", "float32", ["B", 4]);
const w = input("w", "float32", [4, 4]);

function encode(outputs: Readonly<Record<string, Value>>, options: EncodeOptions = {}): ModelProto {
  return decodeModelProto(encodeModel(graphOf(outputs), options).bytes, "test");
}

const versions = ({ opsetImport, irVersion }: ModelProto) => [
  Number(irVersion),
  ...(opsetImport ?? []).map(({ domain, version }) => `${domain}:${version}`),
];

describe("versions: the lowest that express the graph", () => {
  const scale = constant(floats([1, 1, 1, 1]));
  const strange = only(makeNode({ op: "Strange", inputs: [x], types: [x] }));
  const theirs = only(makeNode({ op: "Theirs", domain: "a.b", inputs: [x], types: [x] }));
  test.each([
    ["13 at least", mul(x, x), {}, [7, ":13"]],
    ["the op's own", layerNorm(x, scale, undefined), {}, [8, ":17"]],
    ["the highest of all", mul(reduceMean(x), layerNorm(x, scale, undefined)), {}, [8, ":18"]],
    [
      "contrib ops import their domain",
      matmul(x, x, { transB: true }),
      {},
      [7, ":13", "com.microsoft:1"],
    ],
    ["as asked for", mul(x, x), { "": 21 }, [10, ":21"]],
    ["as the imported model had it", strange, { "": 15 }, [8, ":15"]],
    ["other domains too", theirs, { "a.b": 3 }, [7, ":13", "a.b:3"]],
    ["a domain without a node is not imported", mul(x, x), { "a.b": 3 }, [7, ":13"]],
  ] as const)("%s", (_, y, opsets, wanted) => {
    expect(versions(encode({ y }, { opsets }))).toEqual(wanted);
  });

  test("an op outside the table needs to be told", () => {
    expect(() => encode({ y: strange })).toThrow(/Strange is not in the table/);
    expect(() => opsetsOf([theirs.node], { "": 18 })).toThrow(/opsets\["a.b"\]/);
  });

  test.each([
    [13, 7],
    [15, 8],
    [18, 8],
    [19, 9],
    [21, 10],
    [23, 11],
    [24, 12],
    [27, 13],
    [28, 14],
  ] as const)("opset %i is version %i of the format", (opset, ir) =>
    expect(irVersionOf(opset)).toBe(ir),
  );
});

describe("names", () => {
  const labels = (proto: ModelProto) =>
    proto.graph?.node?.map(({ name, output }) => [name, ...(output ?? [])]);

  test("outputs by their keys, nodes by their names or ops", () => {
    const h = only(makeNode({ op: "Relu", inputs: [x], types: [x], name: "block.act" }));
    const proto = encode({ y: relu(relu(h)), h: relu(add(h, h)) });
    expect(labels(proto)).toEqual([
      ["block.act", "block.act"],
      ["Relu", "Relu"],
      ["Relu_1", "y"],
      ["Add", "Add"],
      ["Relu_2", "h"],
    ]);
  });

  test("what nothing reads is left out where ONNX lets it be", () => {
    const scale = constant(floats([1, 1, 1, 1]));
    expect(labels(encode({ y: layerNorm(x, scale, undefined) }))).toEqual([
      ["LayerNormalization", "y"],
    ]);
    const [, where] = topK(x, 1);
    expect(labels(encode({ where }))).toEqual([["TopK", "TopK", "where"]]);
  });

  test("a dimension's name is carried, an unknown one is left open", () => {
    const y = input("y", "float32", ["?", 3, "2*B"]);
    const dims = encode({ z: relu(y) }).graph?.input?.[0]?.type?.tensorType?.shape?.dim;
    expect(dims?.map((dim) => ({ ...dim }))).toEqual([
      {},
      expect.objectContaining({ dimValue: expect.anything() }),
      { dimParam: "2*B" },
    ]);
  });

  test("an output may not have another input's name", () => {
    expect(() => encode({ x: relu(x) })).toThrow(/an output has the name of an input/);
  });

  test("an input must be listed", () => {
    const graph = { inputs: [], outputs: { y: relu(x) } };
    expect(() => encodeModel(graph)).toThrow(/does not list/);
  });
});

describe("weights", () => {
  const y = matmul(x, w);
  test.each([
    ["another shape", floats([1, 2]), /got float32\[2\], wanted float32\[4,4\]/],
    ["another dtype", ints(Array(16).fill(0), [4, 4]), /got int32\[4,4\]/],
  ])("%s is refused", (_, value: Tensor, message) => {
    expect(() => encode({ y }, { weights: new Map([["w", value]]) })).toThrow(message);
  });

  test("are initializers and no longer inputs", () => {
    const { graph } = encode({ y }, { weights: new Map([["w", zeros("float32", [4, 4])]]) });
    expect(graph?.input?.map(({ name }) => name)).toEqual(["x"]);
    expect(graph?.initializer?.map(({ name }) => name)).toEqual(["w"]);
  });

  test("in a side file begin at pages; small ones stay", () => {
    const big = input("big", "float32", [1000]);
    const bigger = input("bigger", "float32", [2000]);
    const sum = add(add(matmul(x, w), reduceMean(big)), reduceMean(bigger));
    const weights = new Map([
      ["w", zeros("float32", [4, 4])],
      ["big", floats(Array(1000).fill(1))],
      ["bigger", floats(Array(2000).fill(2))],
    ]);
    const { bytes, external } = encodeModel(graphOf({ sum }), {
      weights,
      externalData: { location: "side.bin" },
    });
    const places = decodeModelProto(bytes, "test").graph?.initializer?.map(
      ({ name, externalData }) => [name, ...(externalData ?? []).map(({ value }) => value)],
    );
    expect(places).toEqual([
      ["w"],
      ["big", "side.bin", "0", "4000"],
      ["bigger", "side.bin", "4096", "8000"],
    ]);
    expect(external?.length).toBe(4096 + 8000);
    expect(new Float32Array(external?.buffer as ArrayBuffer, 4096, 1)[0]).toBe(2);
  });

  test("past 2 GB need a side file", () => {
    const huge: Initializer = {
      name: "w",
      dtype: "float32",
      shape: [2 ** 29],
      role: "weight",
      source: () => Promise.reject(new Error("nothing is fetched for a plan")),
    };
    const model = { graph: {} };
    expect(() => layOut(model, [huge])).toThrow(/more than 2 GB/);
    expect(layOut(model, [huge], { location: "side" }).external).toHaveLength(2);
    expect(() => layOut(model, [huge], { location: "../side" })).toThrow(
      /outside the model's folder/,
    );
  });
});

test("metadata is carried", () => {
  const { bytes } = encodeModel(graphOf({ y: cast(x, "int64") }), { metadata: { b: "1", a: "é" } });
  expect(
    decodeModelProto(bytes, "test").metadataProps?.map(({ key, value }) => [key, value]),
  ).toEqual([
    ["b", "1"],
    ["a", "é"],
  ]);
});
