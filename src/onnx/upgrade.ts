/** Older forms of ops, brought to the form that the table of ops has. What ONNX changed: its Changelog.md. */
import { NearfoldError } from "../errors.ts";
import { UNKNOWN } from "../graph/dim.ts";
import {
  type Attribute,
  type Attributes,
  constantInts,
  int64s,
  makeNode,
  only,
  type Type,
  type Value,
} from "../graph/node.ts";
import { isRanked, UNTYPED } from "../graph/unknown-type.ts";

/** A node as the file has it. */
export interface RawNode {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attrs: Attributes;
  /** How many outputs it lists. */
  readonly outputs: number;
}

interface Upgrade {
  /** Nodes of models below this opset have the old form; for all when absent. */
  readonly before?: number;
  readonly to: (node: RawNode, at: string) => RawNode;
}

/** An attribute that became the second input. */
const attributeToInput =
  (name: string): Upgrade["to"] =>
  (node) => {
    const { [name]: value, ...attrs } = node.attrs;
    if (!isIntegers(value)) return node;
    return { ...node, attrs, inputs: [node.inputs[0], int64s(value)] };
  };

const axes = (before: number): Upgrade => ({ before, to: attributeToInput("axes") });

/** Below 13 a softmax ran over all axes from `axis` (1 by default) on, as if they were one. */
const softmax: Upgrade = {
  before: 13,
  to: (node) => {
    const [x] = node.inputs;
    const axis = integer(node.attrs.axis, 1);
    const isLast = axis === -1 || (x && isRanked(x) && axis === x.shape.length - 1);
    if (isLast || !x) return { ...node, attrs: { axis: -1 } };
    const rows = { dtype: x.dtype, shape: [UNKNOWN, UNKNOWN] };
    const make = (op: string, from: Value, attrs: Attributes, type: Type) =>
      only(makeNode({ op, inputs: [from], attrs, types: [type] }));
    const flat = make("Flatten", x, { axis }, rows);
    const shares = make(node.op, flat, { axis: -1 }, rows);
    return { ...node, op: "Reshape", inputs: [shares, shapeOf(x)], attrs: {} };
  },
};

function shapeOf(x: Value): Value {
  const type: Type = isRanked(x) ? { dtype: "int64", shape: [x.shape.length] } : UNTYPED;
  return only(makeNode({ op: "Shape", inputs: [x], types: [type] }));
}

/** Equal parts get their sizes written out where they are known. */
function splitSizes(node: RawNode): RawNode {
  const [x, sizes] = node.inputs;
  if (!x || sizes || !isRanked(x) || node.outputs === 0) return node;
  const dim = x.shape.at(integer(node.attrs.axis, 0));
  if (typeof dim !== "number") return node;
  const part = Math.ceil(dim / node.outputs);
  const last = dim - part * (node.outputs - 1);
  if (last < 0) return node;
  const { num_outputs: _, ...attrs } = node.attrs;
  const parts = [...Array<number>(node.outputs - 1).fill(part), last];
  return { ...node, attrs, inputs: [x, int64s(parts)] };
}

/** `Shape` with a start or an end (opset 15) is a Slice of the whole shape. */
function sliceOfShape(node: RawNode): RawNode {
  const [x] = node.inputs;
  const { start, end } = node.attrs;
  if (!x || !isRanked(x) || (start === undefined && end === undefined)) return node;
  const range = [integer(start, 0), integer(end, x.shape.length)];
  const inputs = [shapeOf(x), ...[...range, 0].map((at) => int64s([at]))];
  return { op: "Slice", inputs, attrs: {}, outputs: node.outputs };
}

/** Outside of training a Dropout does nothing; since opset 12 its third input may say that it is training. */
const dropout: Upgrade["to"] = (node) => {
  const [x, , training] = node.inputs;
  const isOff = !training || constantInts(training)?.[0] === 0;
  if (node.outputs !== 1 || !isOff) return node;
  return { ...node, op: "Identity", inputs: [x], attrs: {} };
};

const gone: Upgrade["to"] = (node, at) => {
  throw new NearfoldError("unsupported", `an old form of ${node.op}`, {
    at,
    hint: "Convert the model to opset 13 with onnx.version_converter",
  });
};

const upgrades: Readonly<Record<string, readonly Upgrade[]>> = {
  Dropout: [{ to: dropout }],
  Hardmax: [softmax],
  LogSoftmax: [softmax],
  ReduceL1: [axes(18)],
  ReduceL2: [axes(18)],
  ReduceLogSum: [axes(18)],
  ReduceLogSumExp: [axes(18)],
  ReduceMax: [axes(18)],
  ReduceMean: [axes(18)],
  ReduceMin: [axes(18)],
  ReduceProd: [axes(18)],
  ReduceSum: [axes(13)],
  ReduceSumSquare: [axes(18)],
  Scatter: [{ to: gone }],
  Shape: [{ to: sliceOfShape }],
  Softmax: [softmax],
  Split: [{ before: 13, to: attributeToInput("split") }, { to: splitSizes }],
  Squeeze: [axes(13)],
  Unsqueeze: [axes(13)],
  Upsample: [{ to: gone }],
};

/**
 * A node of a model of `opset` in today's form, and the opset that form needs.
 * @throws unsupported where today's ops can't say the same.
 */
export function upgrade(
  node: RawNode,
  opset: number,
  at: string,
): { readonly node: RawNode; readonly opset: number } {
  let [current, needs] = [node, opset];
  for (const { before, to } of Object.hasOwn(upgrades, node.op) ? upgrades[node.op] : []) {
    if (before !== undefined && opset >= before) continue;
    const upgraded = to(current, at);
    if (upgraded !== current) needs = Math.max(needs, before ?? 0);
    current = upgraded;
  }
  return { node: current, opset: needs };
}

function integer(value: Attribute | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function isIntegers(value: Attribute | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}
