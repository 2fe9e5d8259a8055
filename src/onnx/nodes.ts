/** Nodes → NodeProto, and the names of the values between them. */
import { bug } from "../errors.ts";
import {
  constantOf,
  type Graph,
  inputName,
  isInput,
  makeNode,
  type Node,
  only,
  topological,
  type Value,
} from "../graph/node.ts";
import { lookup } from "../graph/ops/index.ts";
import { isAbsent, isUntyped } from "../graph/unknown-type.ts";
import { toAttributeProto } from "./attribute.ts";
import type { Names } from "./names.ts";
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from "./proto.ts";
import { captureCount, captureIndex } from "./subgraph.ts";
import { toTensorProto } from "./tensor-proto.ts";
import { toValueInfo } from "./type-proto.ts";

/** What is known while a model is written; the bodies of If, Loop and Scan share it. */
export interface Context {
  readonly names: Names;
  readonly values: Map<Value, string>;
  /** Every node written so far. */
  readonly nodes: Node[];
}

/** Ops whose outputs after the first may be left out, and are when nothing reads them. */
const optionalOutputs: ReadonlySet<string> = new Set([
  "BatchNormalization",
  "Dropout",
  "LayerNormalization",
  "MaxPool",
  "SimplifiedLayerNormalization",
]);

/** The name a value was given. */
export function valueName({ values }: Context, value: Value): string {
  const name = values.get(value);
  if (name !== undefined) return name;
  throw bug(isInput(value) ? "a body reads an input that is not its own" : "a value has no name", {
    at: isInput(value) ? inputName(value) : (value.node.name ?? value.node.op),
  });
}

export interface WrittenNodes {
  readonly node: NodeProto[];
  /** Types of what ops outside the table give: no reader could infer them. */
  readonly valueInfo: ValueInfoProto[];
}

/**
 * The nodes of a graph in the order of `topological`. Constants are named and handed to `store`, inputs (named already)
 * too. An output that no node here makes under that name gets an Identity.
 */
export function writeNodes(
  graph: Graph,
  outputNames: readonly string[],
  context: Context,
  store: (value: Value) => void,
): WrittenNodes {
  const outputs = Object.values(graph.outputs);
  const order = topological(outputs);
  const read = new Set([...outputs, ...order.flatMap(({ inputs }) => inputs)]);
  const claimed = new Map<Value, string>();
  const copies: [Value, string][] = [];
  outputs.forEach((value, index) => {
    const name = outputNames[index] as string;
    const made = !isInput(value) && value.node.op !== "Constant";
    if (made && !claimed.has(value)) claimed.set(value, name);
    else if (context.values.get(value) !== name) copies.push([value, name]);
  });
  const written: WrittenNodes = { node: [], valueInfo: [] };
  for (const node of order) {
    if (node.op === "Input") {
      store(only(node));
    } else if (node.op === "Constant") {
      context.values.set(only(node), context.names.unique(node.name ?? "Constant"));
      store(only(node));
    } else {
      const name = nameOutputs(node, claimed, read, context);
      written.node.push(writeNode(node, name, context));
      if (!lookup(node.domain, node.op)) written.valueInfo.push(...typesOf(node, claimed, context));
    }
  }
  for (const [value, name] of copies) written.node.push(writeCopy(value, name, context));
  return written;
}

/** Names a node and its outputs; one that may be left out and that nothing reads has the empty name. */
function nameOutputs(
  node: Node,
  claimed: ReadonlyMap<Value, string>,
  read: ReadonlySet<Value | undefined>,
  { names, values }: Context,
): string {
  const name = names.unique(node.name ?? node.op);
  const optional = node.domain === "" && optionalOutputs.has(node.op);
  node.outputs.forEach((value, index) => {
    const unread = !read.has(value) && (isAbsent(value) || (optional && index > 0));
    const fresh = () => (index === 0 ? name : names.unique(`${name}:${index}`));
    values.set(value, unread ? "" : (claimed.get(value) ?? fresh()));
  });
  return name;
}

function writeNode(node: Node, name: string, context: Context): NodeProto {
  context.nodes.push(node);
  const own = node.inputs.length - captureCount(node);
  const attribute = Object.entries(node.attrs).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [toAttributeProto(key, value, (body) => writeBody(body, node, context))],
  );
  return {
    input: dropTrailing(
      node.inputs.slice(0, own).map((input) => (input ? valueName(context, input) : "")),
    ),
    output: dropTrailing(node.outputs.map((output) => valueName(context, output))),
    name,
    opType: node.op,
    ...(node.domain !== "" && { domain: node.domain }),
    attribute,
  };
}

/** A body's own inputs and outputs go by position, so they take any free name; captures have the outer value's. */
function writeBody(body: Graph, node: Node, context: Context): GraphProto {
  const { names } = context;
  // A body is closed: what it shares with the outer graph by accident (a constant) is written in both.
  const inner: Context = { ...context, values: new Map() };
  const own = node.inputs.length - captureCount(node);
  const formal: Value[] = [];
  for (const value of body.inputs) {
    const capture = captureIndex(inputName(value));
    if (capture === undefined) {
      formal.push(value);
      inner.values.set(value, names.unique(inputName(value)));
    } else inner.values.set(value, valueName(context, node.inputs[own + capture] as Value));
  }
  const outputNames = Object.keys(body.outputs).map((name) => names.unique(name));
  const initializer: TensorProto[] = [];
  const { node: nodes, valueInfo } = writeNodes(body, outputNames, inner, (value) => {
    const constant = constantOf(value);
    if (constant) initializer.push(toTensorProto(constant, valueName(inner, value)));
  });
  return {
    name: names.unique("body"),
    node: nodes,
    input: formal.map((value) => toValueInfo(valueName(inner, value), value)),
    output: Object.values(body.outputs).map((value, i) => toValueInfo(outputNames[i], value)),
    initializer,
    valueInfo,
  };
}

function writeCopy(value: Value, name: string, context: Context): NodeProto {
  const copy = makeNode({ op: "Identity", inputs: [value], types: [value] });
  context.values.set(only(copy), name);
  return writeNode(copy, context.names.unique(copy.op), context);
}

function typesOf(
  node: Node,
  claimed: ReadonlyMap<Value, string>,
  context: Context,
): ValueInfoProto[] {
  return node.outputs
    .filter((output) => !isUntyped(output) && !isAbsent(output) && !claimed.has(output))
    .map((output) => toValueInfo(valueName(context, output), output));
}

function dropTrailing(names: readonly string[]): string[] {
  const last = names.findLastIndex((name) => name !== "");
  return names.slice(0, last + 1);
}
