import { describe, expect, test } from "vitest";
import { NearfoldError } from "../errors.ts";
import { constantOf, topological, type Value } from "../graph/node.ts";
import { isUntyped, UNRANKED } from "../graph/unknown-type.ts";
import { floats, longs } from "../tensor/tensor.ts";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import {
  type AttributeProto,
  encodeMessage,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./proto.ts";
import { toTensorProto } from "./tensor-proto.ts";

const FLOAT = 1;

function info(name: string, dims?: readonly (number | string)[], elemType = FLOAT): ValueInfoProto {
  const dim = dims?.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType, ...(dim && { shape: { dim } }) } } };
}

const node = (
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: readonly AttributeProto[] = [],
): NodeProto => ({ opType, input, output, attribute });

const ints = (name: string, values: readonly number[]): AttributeProto => ({
  name,
  type: 7,
  ints: values,
});
const int = (name: string, i: number): AttributeProto => ({ name, type: 2, i });

/** `y = Relu(x)` where nothing else is said. */
function model(
  graph: Partial<GraphProto> = {},
  { opset = 18, ...rest }: Partial<ModelProto> & { opset?: number } = {},
) {
  return encodeMessage("ModelProto", {
    irVersion: 8,
    opsetImport: [{ version: opset }],
    graph: {
      name: "g",
      input: [info("x", ["B", 4])],
      output: [info("y")],
      node: [node("Relu", ["x"], ["y"])],
      ...graph,
    },
    ...rest,
  } as ModelProto);
}

const tensorOf = (proto: TensorProto) => model({ initializer: [{ name: "t", ...proto }] });
const attributeOf = (attribute: AttributeProto) =>
  model({ node: [node("Relu", ["x"], ["y"], [attribute])] });

describe("refuses", () => {
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ["nothing", new Uint8Array(0), /without a graph/],
    ["what is no protocol buffer", Buffer.from("hello, world"), /not an ONNX model/],
    ["a model cut short", model().subarray(0, 30), /truncated/],
    ["a length beyond the end", Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x07), /truncated/],
    ["an opset from before", model({}, { opset: 9 }), /too old \(got 9, wanted 11/],
    ["functions", model({}, { functions: [{}] }), /functions of its own/],
    ["sparse initializers", model({ sparseInitializer: [{}] }), /sparse/],
    ["no outputs", model({ output: [] }), /without outputs/],
    ["an output nobody makes", model({ output: [info("z")] }), /nothing makes \(got z\)/],
    ["two outputs of a name", model({ output: [info("y"), info("y")] }), /two outputs share/],
    [
      "an input nobody makes",
      model({ node: [node("Relu", ["w"], ["y"])] }),
      /Relu\): a value is read that nothing makes \(got w\)/,
    ],
    ["a cycle", model({ node: [node("Add", ["x", "y"], ["y"])] }), /in a cycle \(got y\)/],
    [
      "nodes out of order",
      model({ node: [node("Relu", ["h"], ["y"]), node("Relu", ["x"], ["h"])] }),
      /out of order/,
    ],
    ["a name twice", model({ node: [node("Relu", ["x"], ["x"])] }), /share a name \(got x\)/],
    ["a node without an op", model({ node: [node("", ["x"], ["y"])] }), /makes no sense/],
    ["a node without outputs", model({ node: [node("Relu", ["x"], [])] }), /makes no sense/],
    [
      "a domain nobody imported",
      model({ node: [{ ...node("Relu", ["x"], ["y"]), domain: "a.b" }] }),
      /domain that the model imports/,
    ],
    [
      "an op named as our inputs are",
      model({ node: [node("Input", [], ["y"])] }),
      /an op of this name/,
    ],
    ["an input of strings", model({ input: [info("x", [1], 8)] }), /known dtype/],
    ["an output of strings", model({ output: [info("y", [1], 8)] }), /an output that is no tensor/],
    ["an attribute of no type", attributeOf({ name: "a" }), /kind that is not handled/],
    ["an attribute twice", attributeOf({ name: "" }), /without a name/],
    ["an attribute without its value", attributeOf({ name: "a", type: 4 }), /no value of its type/],
    ["an integer past 2^53", attributeOf(int("a", 2 ** 60)), /the integer 1152921504606846976/],
    [
      "text that is not UTF-8",
      attributeOf({ name: "a", type: 3, s: Uint8Array.of(0xff) }),
      /UTF-8/,
    ],
    ["a tensor of strings", tensorOf({ dims: [1], dataType: 8 }), /dtype that is not handled/],
    ["2^60 elements", tensorOf({ dims: [2 ** 60], dataType: FLOAT }), /make no sense/],
    [
      "a product past 2^53",
      tensorOf({ dims: [2 ** 31, 2 ** 31], dataType: FLOAT }),
      /make no sense/,
    ],
    ["negative dimensions", tensorOf({ dims: [-1, -4], dataType: FLOAT }), /make no sense/],
    ["65 axes", tensorOf({ dims: Array(65).fill(1), dataType: FLOAT }), /make no sense/],
    [
      "more elements than data",
      tensorOf({ dims: [2 ** 40], dataType: FLOAT, rawData: new Uint8Array(8) }),
      /got 8 bytes of data, wanted 4398046511104/,
    ],
    [
      "fewer elements than data",
      tensorOf({ dims: [1], dataType: FLOAT, rawData: new Uint8Array(8) }),
      /does not fill/,
    ],
    [
      "too few listed numbers",
      tensorOf({ dims: [3], dataType: FLOAT, floatData: [1] }),
      /1 elements in floatData, wanted 3/,
    ],
    [
      "data that is elsewhere",
      tensorOf({
        dims: [3],
        dataType: FLOAT,
        dataLocation: 1,
        externalData: [{ key: "location", value: "side" }],
      }),
      /side file is missing/,
    ],
  ];
  test.each(cases)("%s", (_, bytes, message) => {
    expect(() => decodeModel(bytes)).toThrow(NearfoldError);
    expect(() => decodeModel(bytes)).toThrow(message);
  });
});

describe("side files", () => {
  const entries = (values: Readonly<Record<string, string>>) =>
    tensorOf({
      dims: [2],
      dataType: FLOAT,
      dataLocation: 1,
      externalData: Object.entries(values).map(([key, value]) => ({ key, value })),
    });
  const external = new Map([["side", new Uint8Array(16)]]);
  test.each([
    [{ location: "side", offset: "12" }, /too short \(got 16 bytes, wanted 20\)/],
    [{ location: "side", offset: "-4" }, /makes no sense/],
    [{ location: "side", offset: "1e99" }, /makes no sense/],
    [{ location: "side", length: "4" }, /makes no sense/],
    [{ location: "../side" }, /outside the model's folder/],
    [{ location: "a/../../side" }, /outside the model's folder/],
    [{ location: "/etc/passwd" }, /outside the model's folder/],
    [{ location: "C:\\side" }, /outside the model's folder/],
    [{ offset: "0" }, /outside the model's folder/],
  ] as const)("refuses %o", (values, message) => {
    expect(() => decodeModel(entries(values), { external })).toThrow(message);
  });
});

/** The op, the inputs' integers and the shape of `y`, after reading `opType` as a model of `opset` has it. */
function upgraded(opset: number, one: NodeProto) {
  const read = decodeModel(model({ node: [one] }, { opset }));
  const y = read.graph.outputs.y as Value;
  const constants = y.node.inputs
    .slice(1)
    .map((value) => Array.from(constantOf(value)?.data ?? [], Number));
  return { op: y.node.op, constants, shape: y.shape, opset: read.opsets[""] };
}

describe("brings old forms to today's", () => {
  const y = ["x"];
  test.each([
    [
      11,
      node("Unsqueeze", y, ["y"], [ints("axes", [0])]),
      { op: "Unsqueeze", constants: [[0]], shape: [1, "B", 4], opset: 13 },
    ],
    [
      17,
      node("ReduceMean", y, ["y"], [ints("axes", [1])]),
      { op: "ReduceMean", constants: [[1]], shape: ["B", 1], opset: 18 },
    ],
    [
      18,
      node("ReduceMean", y, ["y"]),
      { op: "ReduceMean", constants: [], shape: [1, 1], opset: 18 },
    ],
    [12, node("Softmax", y, ["y"]), { op: "Softmax", constants: [], shape: ["B", 4], opset: 13 }],
    [11, node("Dropout", y, ["y"]), { op: "Identity", constants: [], shape: ["B", 4], opset: 11 }],
    [13, node("Dropout", y, ["y"]), { op: "Identity", constants: [], shape: ["B", 4], opset: 13 }],
    [12, node("Hardmax", y, ["y"]), { op: "Hardmax", constants: [], shape: ["..."], opset: 13 }],
    [
      11,
      node("Split", y, ["y", "z"], [int("axis", 1), ints("split", [1, 3])]),
      { op: "Split", constants: [[1, 3]], shape: ["B", 1], opset: 13 },
    ],
    [
      18,
      node("Split", y, ["y", "z"], [int("axis", 1), int("num_outputs", 2)]),
      { op: "Split", constants: [[2, 2]], shape: ["B", 2], opset: 18 },
    ],
    [
      15,
      node("Shape", y, ["y"], [int("start", 1)]),
      { op: "Slice", constants: [[1], [2], [0]], shape: [1], opset: 15 },
    ],
  ] as const)("opset %i, %o", (opset, one, wanted) => {
    expect(upgraded(opset, one as NodeProto)).toEqual(wanted);
  });

  test("every node of an old model, not only the first", () => {
    const mean = (from: string, to: string) =>
      node("ReduceMean", [from], [to], [ints("axes", [1])]);
    const bytes = model({ node: [mean("x", "h"), mean("h", "y")] }, { opset: 14 });
    const { graph, opsets } = decodeModel(bytes);
    expect(graph.outputs.y?.node.attrs).toEqual({});
    expect(opsets).toEqual({ "": 18 });
  });

  test("a softmax over several axes runs over rows that hold them all", () => {
    const softmax = node("Softmax", ["x"], ["y"], [int("axis", 0)]);
    const { graph } = decodeModel(model({ node: [softmax] }, { opset: 12 }));
    const ops = topological(Object.values(graph.outputs)).map(({ op }) => op);
    expect(ops).toEqual(["Input", "Flatten", "Softmax", "Shape", "Reshape"]);
    expect(graph.outputs.y?.shape).toEqual(["B", 4]);
  });

  test("refuses what today's ops can't say", () => {
    expect(() => upgraded(13, node("Upsample", ["x"], ["y"]))).toThrow(/old form of Upsample/);
  });
});

describe("types", () => {
  const typeOf = (graph: Partial<GraphProto>) => {
    const { dtype, shape } = decodeModel(model(graph)).graph.outputs.y as Value;
    return `${dtype}[${shape}]`;
  };
  const strange = node("Strange", ["x"], ["h"]);
  const then = [strange, node("Relu", ["h"], ["y"])];
  test.each([
    ["inferred where the file says nothing", {}, "float32[B,4]"],
    ["the file's numbers win", { output: [info("y", [2, "N"])] }, "float32[2,4]"],
    [
      "of an op outside the table: as declared",
      { node: then, valueInfo: [info("h", ["N"])] },
      "float32[N]",
    ],
    ["after an undeclared op: as declared", { node: then, output: [info("y", [7])] }, "float32[7]"],
    ["nowhere declared: unranked", { node: then }, "float32[...]"],
    ["negative sizes are unknown", { input: [info("x", [-1, 4])] }, "float32[?,4]"],
  ] as const)("%s", (_, graph, wanted) => {
    expect(typeOf(graph)).toBe(wanted);
  });

  test("an op that nothing is known of gives an untyped value", () => {
    const { outputs } = decodeModel(model({ node: then })).graph;
    expect(isUntyped(outputs.y?.node.inputs[0] as Value)).toBe(true);
    expect(outputs.y?.shape).toEqual(UNRANKED);
  });

  test("a shape that doubles with every node is not walked", () => {
    const doubled = Array.from({ length: 60 }, (_, i) =>
      node("Concat", [`s${i}`, `s${i}`], [`s${i + 1}`], [int("axis", 0)]),
    );
    const graph = {
      initializer: [toTensorProto(longs([]), "s0")],
      node: [...doubled, node("Reshape", ["x", "s60"], ["y"])],
    };
    expect(typeOf(graph)).toBe("float32[]");
  });

  test("names of dimensions don't grow without end", () => {
    const doubled = Array.from({ length: 60 }, (_, i) =>
      node(
        "Concat",
        [i ? `h${i}` : "x", i ? `h${i}` : "x"],
        [i < 59 ? `h${i + 1}` : "y"],
        [int("axis", 0)],
      ),
    );
    expect(typeOf({ node: doubled, output: [info("y", ["N", 4])] })).toBe("float32[N,4]");
  });
});

describe("initializers", () => {
  const roleOf = (proto: TensorProto) =>
    decodeModel(
      model({ initializer: [{ ...proto, name: "t" }], node: [node("Strange", ["x", "t"], ["y"])] }),
    ).weights.has("t");
  test.each([
    ["a vector is a weight", toTensorProto(floats([1, 2])), true],
    ["a single float is a constant", toTensorProto(floats([1])), false],
    [
      "unless the file says otherwise",
      { ...toTensorProto(floats([1])), docString: "weight" },
      true,
    ],
    ["a shape is a constant", toTensorProto(longs([1, -1, 64])), false],
    ["65 integers are a weight", toTensorProto(longs(Array(65).fill(0))), true],
  ] as const)("%s", (_, proto, isWeight) => {
    expect(roleOf(proto)).toBe(isWeight);
  });

  test.each([
    ["float_data", { dims: [2], dataType: 1, floatData: [1, 2.5] }, "float32", [1, 2.5]],
    ["double_data", { dims: [2], dataType: 11, doubleData: [1, 0.1] }, "float64", [1, 0.1]],
    ["int32_data as bool", { dims: [2], dataType: 9, int32Data: [1, 0] }, "bool", [1, 0]],
    [
      "int32_data as float16 bits",
      { dims: [2], dataType: 10, int32Data: [0x3c00, 0xc000] },
      "float16",
      [1, -2],
    ],
    [
      "int32_data as bfloat16 bits",
      { dims: [1], dataType: 16, int32Data: [0x3f80] },
      "bfloat16",
      [0x3f80],
    ],
    ["int64_data", { dims: [1], dataType: 7, int64Data: [-3] }, "int64", [-3]],
    [
      "uint64_data as uint32",
      { dims: [1], dataType: 12, uint64Data: [4294967295] },
      "uint32",
      [4294967295],
    ],
  ] as const)("reads %s", (_, proto, dtype, values) => {
    const bytes = model({ initializer: [{ ...proto, name: "t", docString: "weight" }] });
    const found = decodeModel(bytes).weights.get("t");
    expect(found?.dtype).toBe(dtype);
    expect(Array.from(found?.data ?? [], Number)).toEqual(values);
  });

  test("a graph input of the same name is the initializer's", () => {
    const graph = { initializer: [toTensorProto(floats([1, 2, 3, 4]), "x")] };
    const read = decodeModel(model(graph));
    expect(read.graph.inputs.map(({ shape }) => shape)).toEqual([[4]]);
    expect([...read.weights.keys()]).toEqual(["x"]);
  });
});

test("a Constant node is a constant, however it is spelled", () => {
  const spelled: readonly (readonly [AttributeProto, readonly number[]])[] = [
    [{ name: "value", type: 4, t: toTensorProto(floats([1, 2])) }, [1, 2]],
    [{ name: "value_float", type: 1, f: 0.5 }, [0.5]],
    [{ name: "value_floats", type: 6, floats: [0.5, 2] }, [0.5, 2]],
    [int("value_int", 3), [3]],
    [ints("value_ints", [3, 4]), [3, 4]],
  ];
  for (const [attribute, values] of spelled) {
    const bytes = model({
      node: [node("Constant", [], ["c"], [attribute]), node("Add", ["x", "c"], ["y"])],
    });
    const y = decodeModel(bytes).graph.outputs.y as Value;
    expect(Array.from(constantOf(y.node.inputs[1])?.data ?? [], Number)).toEqual(values);
  }
});

test("an output that a foreign op leaves out is left out again", () => {
  const strange = { ...node("Strange", ["x"], ["y", "", "z"]), domain: "a.b" };
  const graph = { node: [strange], output: [info("y"), info("z")] };
  const opsetImport = [{ version: 18 }, { domain: "a.b", version: 1 }];
  const { graph: read, opsets } = decodeModel(model(graph, { opsetImport }));
  const again = decodeModel(encodeModel(read, { opsets }).bytes);
  expect(again.graph.outputs.y?.node.outputs).toHaveLength(3);
  expect(`${again.graph.outputs.y?.node.outputs[1]?.shape}`).toBe("absent");
});
