/** Graphs for the tests of onnx/: each with its weights and a batch to run it on. */
import {
  constant,
  type Graph,
  graphOf,
  input,
  makeNode,
  only,
  scalar,
  type Type,
  type Value,
} from "../../src/graph/node.ts";
import {
  add,
  cast,
  identity,
  layerNorm,
  matmul,
  mul,
  reduceMean,
  relu,
  reshape,
  softmax,
  split,
  topK,
  transpose,
} from "../../src/graph/ops/index.ts";
import { type DType, dtypes } from "../../src/tensor/dtype.ts";
import { floats, ints, longs, type Tensor, tensor } from "../../src/tensor/tensor.ts";

export interface Sample {
  readonly graph: Graph;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** For graphs with ops outside the table. */
  readonly opsets?: Readonly<Record<string, number>>;
  /** Outputs that no node makes under their name: they come back as an Identity. */
  readonly copies?: boolean;
  /** ONNX Runtime's own ops are not in ONNX's checker, ops of nobody are in neither. */
  readonly runs?: boolean;
}

const ramp = (size: number, shape: readonly number[]) =>
  floats(
    Array.from({ length: size }, (_, i) => Math.sin(i + 1)),
    shape,
  );

function mlp(): Sample {
  const x = input("x", "float32", ["B", 4]);
  const first = input("layer.0.weight", "float32", [4, 64]);
  const bias = input("layer.0.bias", "float32", [64]);
  const scale = input("temperature", "float32", []);
  const hidden = relu(add(matmul(x, first), bias));
  const normal = layerNorm(hidden, constant(ramp(64, [64]), "frozen.scale"), undefined);
  const y = mul(reduceMean(normal, { axes: [-1] }), scale);
  return {
    graph: graphOf({ y, hidden }),
    weights: new Map([
      ["layer.0.weight", ramp(256, [4, 64])],
      ["layer.0.bias", ramp(64, [64])],
      ["temperature", floats([0.5], [])],
      ["not in the graph", floats([1])],
    ]),
    feeds: { x: ramp(8, [2, 4]) },
  };
}

/** Several outputs, some of them unread, and a contrib op. */
function heads(): Sample {
  const x = input("x", "float32", ["B", "S", 6]);
  const [, middle] = split(x, [1, 2, 3], 2) as [Value, Value, Value];
  const scores = softmax(matmul(middle, middle, { transB: true, alpha: 0.5 }));
  const [best] = topK(scores, 1);
  const turned = transpose(best, [0, 2, 1]);
  return {
    graph: graphOf({ turned, flat: reshape(turned, [-1]) }),
    weights: new Map(),
    feeds: { x: ramp(36, [2, 3, 6]) },
  };
}

/** A constant of every dtype; bfloat16 has no JavaScript tensor, so it leaves as float32. */
function everyDtype(): Sample {
  const one = (dtype: DType): Tensor => {
    const data = new dtypes[dtype].array(3);
    const ones = [1, 0, 1].map((x) => (dtype.endsWith("int64") ? BigInt(x) : x));
    const half = dtype === "bfloat16" ? [0x3f80, 0, 0x3f80] : ones;
    half.forEach((x, i) => {
      data[i] = x as never;
    });
    return tensor(dtype, [3], data as never);
  };
  const named = (Object.keys(dtypes) as DType[]).map((dtype): [string, Value] => {
    const value = constant(one(dtype), `constant.${dtype}`);
    return [dtype, dtype === "bfloat16" ? cast(value, "float32") : value];
  });
  const empty = constant(floats([], [0, 3]), "empty");
  const x = input("x", "float32", [2]);
  const twice = mul(x, 2);
  const outputs = { ...Object.fromEntries(named), empty, x, renamed: x, twice, again: twice };
  return {
    graph: graphOf(outputs),
    weights: new Map(),
    feeds: { x: floats([1, 2]) },
    copies: true,
  };
}

const boolean: Type = { dtype: "bool", shape: [] };
const vector: Type = { dtype: "float32", shape: ["N"] };

/** An If whose branches read a weight and each other's neighbours, and a Loop that reads the If's result. */
function control(): Sample {
  const x = input("x", "float32", ["N"]);
  const condition = input("condition", "bool", []);
  const weight = input("weight", "float32", [1]);
  const doubled = mul(x, 2);
  const branch = (build: (a: Value, b: Value) => Value): Graph => {
    const [a, b] = [input("$0", "float32", ["N"]), input("$1", "float32", [1])];
    return graphOf({ out: build(a, b) });
  };
  const chosen = only(
    makeNode({
      op: "If",
      inputs: [condition, doubled, weight],
      attrs: { then_branch: branch(mul), else_branch: branch((a) => identity(a)) },
      types: [vector],
    }),
  );
  const [step, keep] = [input("step", "int64", []), input("keep", "bool", [])];
  const [state, captured] = [input("state", "float32", ["N"]), input("$0", "float32", ["N"])];
  const body: Graph = {
    inputs: [step, keep, state, captured],
    outputs: {
      more: identity(keep),
      next: add(state, captured),
      seen: mul(state, cast(step, "float32")),
    },
  };
  const [total, trace] = makeNode({
    op: "Loop",
    inputs: [constant(longs([3], []), "rounds"), undefined, x, chosen],
    attrs: { body },
    types: [vector, { dtype: "float32", shape: [3, "N"] }],
  }).outputs as [Value, Value];
  return {
    graph: graphOf({ total, trace, chosen }),
    weights: new Map([["weight", floats([10])]]),
    feeds: { x: floats([1, 2]), condition: tensor("bool", [], Uint8Array.of(1)) },
    opsets: { "": 16 },
  };
}

/** An op that nobody has, with an attribute of every kind. */
function foreign(): Sample {
  const x = input("x", "float32", ["N"]);
  const attrs = {
    a_float: { float: 1 },
    an_int: 1,
    a_string: "é",
    a_tensor: ints([1, 2]),
    floats: { floats: [0.1, 1e-12] },
    ints: [-1, 2 ** 40],
    no_ints: [],
    strings: ["a", ""],
  };
  const types = [vector, { dtype: "int64", shape: ["?", "M"] } as const, boolean];
  const node = makeNode({ op: "Frobnicate", domain: "org.example", inputs: [x], attrs, types });
  const [a, , c] = node.outputs as [Value, Value, Value];
  return {
    graph: graphOf({ y: add(a, scalar(1)), c }),
    weights: new Map(),
    feeds: {},
    opsets: { "org.example": 3 },
    runs: false,
  };
}

export const samples = { mlp, heads, everyDtype, control, foreign } as const satisfies Record<
  string,
  () => Sample
>;
