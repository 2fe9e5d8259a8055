/** Reverse-mode differentiation: graph in, graph out. */
import { bug, NearfoldError } from "../errors.ts";
import { type Dim, UNKNOWN } from "./dim.ts";
import { tryInfer } from "./infer.ts";
import { makeNode, type Node, only, scalar, topological, type Value } from "./node.ts";
import { showType } from "./op.ts";
import {
  add,
  elementwise,
  equal,
  lookup,
  nonZero,
  reduceSum,
  reshape,
  shapeOf,
  zerosLike,
} from "./ops/index.ts";

/** What a Gather says about a table: the gradient of row `indices[n]` is the sum of the `rows[n]` that name it. */
export interface RowGradient {
  /** `[…]`, int32 or int64. */
  readonly indices: Value;
  /** `[…, D]`. */
  readonly rows: Value;
}

export interface Gradients {
  /** By the value differentiated for. In the order in which they are done: the last layer's first. */
  readonly dense: ReadonlyMap<Value, Value>;
  /** For the tables named in `rows`: a dense gradient of a table is mostly zeros. */
  readonly rows: ReadonlyMap<Value, readonly RowGradient[]>;
}

export interface GradientOptions {
  /** Tables whose gradient leaves the graph as rows, where they are read by `Gather` along axis 0. @default none */
  readonly rows?: readonly Value[];
}

/**
 * Vector-Jacobian product: the gradients of `Σ ⟨seed, output⟩` for each value in `wrt`, which may lie anywhere in the graph.
 * Write the dense ones as outputs in their map's order: each frees its layer's activations as soon as it is done (DESIGN §1).
 * A value the outputs do not depend on has no entry. A named dimension is taken not to be broadcast.
 * @throws unsupported when an op on the way has no gradient; it names the op, the node and the path from the loss.
 */
export function gradients(
  seeds: ReadonlyMap<Value, Value>,
  wrt: readonly Value[],
  { rows: rowTables = [] }: GradientOptions = {},
): Gradients {
  const order = topological(seeds.keys());
  const wanted = new Set(wrt);
  const tables = new Set(rowTables);
  const needed = dependents(order, [...wanted, ...tables]);
  const sums = new Map<Value, Value>(seeds);
  const dense = new Map<Value, Value>();
  const rows = new Map<Value, RowGradient[]>();

  for (const node of order.toReversed()) {
    const found = node.outputs.map((output) => sums.get(output));
    if (found.every((g) => g === undefined)) continue;
    node.outputs.forEach((output, index) => {
      if (wanted.has(output) && found[index]) dense.set(output, found[index]);
    });
    if (!node.inputs.some((input) => input && needed.has(input))) continue;
    const [table, indices] = node.inputs;
    if (table && tables.has(table) && readsRows(node)) {
      const entry = { indices: indices as Value, rows: found[0] as Value };
      rows.set(table, [...(rows.get(table) ?? []), entry]);
      continue;
    }
    const parts = applyRule(node, found, order);
    node.inputs.forEach((input, index) => {
      const part = parts[index];
      if (!input || !part || !needed.has(input)) return;
      const g = sumTo(part, input, node);
      const sum = sums.get(input);
      sums.set(input, sum ? add(sum, g) : g);
    });
  }
  // A table that something other than a Gather reads (a tied output head) has a dense part too.
  for (const table of tables) {
    const part = sums.get(table);
    if (part) dense.set(table, part);
  }
  return { dense, rows };
}

/** The gradients of a scalar loss, in the order of `wrt`. @throws bad-argument when the loss is no scalar */
export function grad(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.shape.length > 0) {
    throw new NearfoldError("bad-argument", "only a scalar has a gradient", {
      got: showType(loss),
      wanted: "shape []",
    });
  }
  const { dense } = gradients(new Map([[loss, scalar(1, loss.dtype)]]), wrt);
  return wrt.map((value) => dense.get(value) ?? zerosLike(value));
}

/** The values that depend on any of the sources, the sources among them. */
function dependents(order: readonly Node[], sources: readonly Value[]): Set<Value> {
  const found = new Set(sources);
  for (const node of order) {
    if (!node.inputs.some((input) => input && found.has(input))) continue;
    for (const output of node.outputs) found.add(output);
  }
  return found;
}

function readsRows({ op, attrs, gradient }: Node): boolean {
  return op === "Gather" && (attrs.axis ?? 0) === 0 && !gradient;
}

/** @throws unsupported for an op without a rule, or in a form that its rule does not know */
function applyRule(node: Node, found: readonly (Value | undefined)[], order: readonly Node[]) {
  const refusal = (reason: string, cause?: unknown) =>
    new NearfoldError("unsupported", `${node.op} has no gradient: ${reason}`, {
      at: node.name ? `node ${node.name}` : `node ${order.indexOf(node)} of the graph`,
      hint: `The path from the loss: ${pathTo(node, order).join(" <- ")}`,
      cause,
    });
  const entry = lookup(node.domain, node.op);
  const rule = node.gradient ?? entry?.grad;
  if (!rule) throw refusal("it is not in the op table, so it is run as it is");
  if (typeof rule !== "function") throw refusal(rule.none);
  // Whoever builds a node by the table has its types from there; a file may hold any form of it.
  if (!node.gradient && !tryInfer(node)) {
    throw refusal(`not for ${node.inputs.map((x) => (x ? showType(x) : "nothing")).join(", ")}`);
  }
  try {
    return rule(found[0] ?? zerosLike(node.outputs[0]), node, found);
  } catch (cause) {
    if (!(cause instanceof NearfoldError) || cause.code !== "bad-argument") throw cause;
    throw refusal(cause.message, cause);
  }
}

/** The ops from the loss down to a node, through whichever consumer comes first. */
function pathTo(node: Node, order: readonly Node[]): string[] {
  const label = ({ op, name }: Node) => (name ? `${op} (${name})` : op);
  const path = [label(node)];
  let at = node;
  for (const next of order.slice(order.indexOf(node) + 1)) {
    if (!next.inputs.some((input) => input?.node === at)) continue;
    path.unshift(label(next));
    at = next;
  }
  return path;
}

/** Ops that broadcast their inputs, and how many of the last axes they do not broadcast. */
const broadcasting: ReadonlyMap<string, number> = new Map([
  ...Object.keys(elementwise).map((name) => [name.slice(name.lastIndexOf(".") + 1), 0] as const),
  ["Expand", 0],
  ["FusedMatMul", 2],
  ["Gemm", 0],
  ["MatMul", 2],
]);

/** Undoes broadcasting: sums the axes along which `like`, an input of the node, was repeated. */
function sumTo(g: Value, like: Value, node: Node): Value {
  const extra = g.shape.length - like.shape.length;
  if (extra < 0) {
    throw bug("a gradient has fewer axes than its value", {
      got: showType(g),
      wanted: showType(like),
    });
  }
  const repeated = (dim: Dim, axis: number) => dim === 1 && g.shape[axis + extra] !== 1;
  const leading = [...Array(extra).keys()];
  const inner = like.shape.flatMap((dim, axis) => (repeated(dim, axis) ? [axis + extra] : []));
  const known = leading.length + inner.length > 0;
  const total = known ? reduceSum(g, { axes: [...leading, ...inner], keep: inner.length > 0 }) : g;
  const aligned = inner.length > 0 && extra > 0 ? reshape(total, shapeOf(like)) : total;
  return mayBeRepeated(like, node) ? sumOnes(aligned, like) : aligned;
}

/** Whether an axis of unknown size meets one that is not 1: only the run knows which of the two was repeated. */
function mayBeRepeated(like: Value, { op, inputs, outputs }: Node): boolean {
  const apart = broadcasting.get(op);
  if (apart === undefined) return false;
  const others = op === "Expand" ? outputs : inputs.filter((other) => other !== like);
  const meets = (fromEnd: number) =>
    others.some(
      (other) => (other?.shape.at(-fromEnd) ?? 1) !== 1 && other!.shape.length >= fromEnd,
    );
  return like.shape
    .slice(0, like.shape.length - apart)
    .some((dim, axis) => dim === UNKNOWN && meets(like.shape.length - axis));
}

/** Sums the axes in which `like` turns out to have one element. */
function sumOnes(g: Value, like: Value): Value {
  const axes = reshape(nonZero(equal(shapeOf(like), scalar(1, "int64"))), [-1]);
  const attrs = { keepdims: 1, noop_with_empty_axes: 1 };
  const { dtype, shape } = like;
  return only(makeNode({ op: "ReduceSum", inputs: [g, axes], attrs, types: [{ dtype, shape }] }));
}
