/** Graph in, graph out: what did not change is the same node as before. */
import { createHash } from "node:crypto";
import type { Tensor } from "../tensor/tensor.ts";
import { type Graph, makeNode, type Node, topological, type Value } from "./node.ts";

/**
 * Returns what to use instead of a node's outputs, or undefined to leave it as it is. `original` is the node before anything was rewritten:
 * what stays the same for two nodes that read the same value.
 */
export type Rewrite = (node: Node, original: Node) => readonly Value[] | undefined;

/**
 * Rebuilds the values bottom-up: `rule` sees each node with its inputs already rewritten. A node none of whose inputs
 * changed, and which the rule leaves alone, is kept itself, so the untouched part of a graph is shared.
 */
export function rewrite(values: readonly Value[], rule: Rewrite): Value[] {
  const done = new Map<Value, Value>();
  for (const node of topological(values)) {
    const inputs = node.inputs.map((input) => input && done.get(input)!);
    const same = inputs.every((input, index) => input === node.inputs[index]);
    const rebuilt = same ? node : makeNode({ ...node, inputs, types: node.outputs });
    const outputs = rule(rebuilt, node) ?? rebuilt.outputs;
    node.outputs.forEach((output, index) => {
      done.set(output, outputs[index]);
    });
  }
  return values.map((value) => done.get(value)!);
}

/** Replaces values by others: a weight by its quantized form, an input by a constant. */
export function substitute(values: readonly Value[], by: ReadonlyMap<Value, Value>): Value[] {
  return rewrite(values, (node) =>
    node.outputs.some((output) => by.has(output))
      ? node.outputs.map((output) => by.get(output) ?? output)
      : undefined,
  );
}

/**
 * Common-subexpression elimination (hash-consing): nodes of the same op, attributes and inputs become one.
 * A node with a gradient of its own is never merged, nor is one with a subgraph.
 */
export function share(values: readonly Value[]): Value[] {
  const numbers = new Map<object, number>();
  const number = (thing: object) => {
    const found = numbers.get(thing) ?? numbers.size;
    numbers.set(thing, found);
    return found;
  };
  const firsts = new Map<string, Node>();
  return rewrite(values, (node) => {
    if (node.gradient || Object.values(node.attrs).some(isGraph)) return undefined;
    const inputs = node.inputs.map((input) => input && `${number(input.node)}:${input.index}`);
    const attrs = Object.entries(node.attrs).map(([name, value]) => [
      name,
      isTensor(value) ? tensorKey(value, number) : value,
    ]);
    const key = JSON.stringify([node.domain, node.op, inputs, attrs]);
    const first = firsts.get(key);
    if (!first) firsts.set(key, node);
    return first?.outputs;
  });
}

/** Small tensors are the same by their bytes, large ones by identity. */
function tensorKey(value: Tensor, number: (thing: object) => number): string {
  if (value.data.length > 64) return `#${number(value.data)}`;
  const { buffer, byteOffset, byteLength } = value.data;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const digest = createHash("sha256").update(bytes).digest("base64");
  return `${value.dtype}[${value.shape}]${digest}`;
}

function isGraph(value: unknown): value is Graph {
  return typeof value === "object" && value !== null && "outputs" in value;
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "dtype" in value && "data" in value;
}
