/** The graph: immutable nodes whose op names are ONNX's. Nothing here runs, differentiates or reads a file. */
import { bug } from "../errors.ts";
import { type DType, dtypes } from "../tensor/dtype.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Shape } from "./dim.ts";

/** What is known of a value before it is computed. */
export interface Type {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One output of one node. */
export interface Value extends Type {
  readonly node: Node;
  /** Which of the node's outputs. */
  readonly index: number;
}

/** A number is an ONNX INT; a FLOAT says so, since 1 and 1.0 are one number in JavaScript. */
export type Attribute =
  | number
  | string
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | readonly number[]
  | readonly string[]
  | Tensor
  | Graph;

export type Attributes = Readonly<Record<string, Attribute | undefined>>;

/** The gradients of a node's inputs, from that of its first output (`all` has those of the others too). */
export type GradientRule = (
  g: Value,
  node: Node,
  all: readonly (Value | undefined)[],
) => readonly (Value | undefined)[];

export interface Node {
  /** ONNX's op name; `Input` is the one pseudo-op: a graph input, by its name. */
  readonly op: string;
  /** `""` is ONNX's default domain, `com.microsoft` ONNX Runtime's own. */
  readonly domain: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attrs: Attributes;
  readonly outputs: readonly Value[];
  /** For people and error messages: where in the model this is. */
  readonly name?: string;
  /** Stands in for the op's own gradient rule (as `jax.custom_vjp` does). */
  readonly gradient?: GradientRule;
}

/** Named outputs, and through their nodes everything they need. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
}

export interface NodeInit {
  readonly op: string;
  readonly domain?: string;
  readonly inputs?: readonly (Value | undefined)[];
  readonly attrs?: Attributes;
  readonly types: readonly Type[];
  readonly name?: string | undefined;
  readonly gradient?: GradientRule | undefined;
}

/** Makes a node and its outputs; trailing absent inputs are dropped. */
export function makeNode(init: NodeInit): Node {
  const inputs = [...(init.inputs ?? [])];
  while (inputs.length > 0 && inputs.at(-1) === undefined) inputs.pop();
  const outputs: Value[] = [];
  const node: Node = {
    op: init.op,
    domain: init.domain ?? "",
    inputs,
    attrs: init.attrs ?? {},
    outputs,
    ...(init.name !== undefined && { name: init.name }),
    ...(init.gradient && { gradient: init.gradient }),
  };
  init.types.forEach(({ dtype, shape }, index) => {
    outputs.push(Object.freeze({ node, index, dtype, shape }));
  });
  Object.freeze(inputs);
  Object.freeze(outputs);
  return Object.freeze(node);
}

/** The first output of a node. */
export function only(node: Node): Value {
  const value = node.outputs[0];
  if (!value) throw bug(`${node.op} has no output`);
  return value;
}

/** A graph input: a batch's ids, a weight. Its name is how a run feeds it. */
export function input(name: string, dtype: DType, shape: Shape): Value {
  return only(makeNode({ op: "Input", attrs: { name }, types: [{ dtype, shape }], name }));
}

/** A tensor that is part of the graph. */
export function constant(value: Tensor, name?: string): Value {
  const { dtype, shape } = value;
  return only(makeNode({ op: "Constant", attrs: { value }, types: [{ dtype, shape }], name }));
}

/** A scalar constant of any dtype. */
export function scalar(value: number, dtype: DType = "float32"): Value {
  const data = new dtypes[dtype].array(1);
  data[0] = (dtype === "int64" || dtype === "uint64" ? BigInt(value) : value) as never;
  return constant(tensor(dtype, [], data as never));
}

/** A constant `[n]` int64, the form in which ONNX wants shapes and axes. */
export function int64s(values: readonly number[]): Value {
  return constant(tensor("int64", [values.length], BigInt64Array.from(values, BigInt)));
}

export function isInput(value: Value): boolean {
  return value.node.op === "Input";
}

/** The name of a graph input. */
export function inputName(value: Value): string {
  const { name } = value.node.attrs;
  if (!isInput(value) || typeof name !== "string") throw bug(`${value.node.op} is no graph input`);
  return name;
}

/** The tensor of a constant, if it is one. */
export function constantOf(value: Value | undefined): Tensor | undefined {
  return value?.node.op === "Constant" ? (value.node.attrs.value as Tensor) : undefined;
}

/** Lists of axes, sizes or parts are no longer: what a rule reads stays small, whatever a file holds. */
export const LONGEST_LIST = 128;

/** The integers of a constant; undefined where the value is computed at run time, or is no such list. */
export function constantInts(value: Value | undefined): readonly number[] | undefined {
  const found = constantOf(value);
  if (!found || found.data.length > LONGEST_LIST) return undefined;
  return Array.from(found.data as ArrayLike<number | bigint>, Number);
}

/** Every node the values need, each after its inputs, in the order of a depth-first walk from the first value on. */
export function topological(values: Iterable<Value>): Node[] {
  const done = new Set<Node>();
  const order: Node[] = [];
  // An explicit stack: a deep model must not overflow the call stack.
  for (const { node: root } of values) {
    const stack: [Node, number][] = [[root, 0]];
    while (stack.length > 0) {
      const top = stack.at(-1) as [Node, number];
      const [node, next] = top;
      if (done.has(node)) {
        stack.pop();
      } else if (next < node.inputs.length) {
        top[1]++;
        const child = node.inputs[next]?.node;
        if (child && !done.has(child)) stack.push([child, 0]);
      } else {
        stack.pop();
        done.add(node);
        order.push(node);
      }
    }
  }
  return order;
}

/** A graph of these outputs; its inputs are found by walking, sorted by name. */
export function graphOf(outputs: Readonly<Record<string, Value>>): Graph {
  const found = new Map<string, Value>();
  for (const node of topological(Object.values(outputs))) {
    if (node.op !== "Input") continue;
    const value = only(node);
    const name = inputName(value);
    if (found.has(name)) throw bug("two graph inputs share a name", { at: name });
    found.set(name, value);
  }
  const inputs = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  return { inputs, outputs };
}
