/** Reverse-mode differentiation: graph in, graph out. */
import { NearfoldError } from "../errors.ts";
import { applyRule } from "./gradient-rule.ts";
import { type Node, scalar, topological, type Value } from "./node.ts";
import { showType } from "./op.ts";
import { add, zerosLike } from "./ops/index.ts";
import { sumTo } from "./unbroadcast.ts";

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
  const passed: Node[] = [];

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
    const parts = applyRule(node, found, passed);
    passed.push(node);
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

/** Ops that look at the size of their input, and not at what it holds. */
const ofSizeAlone: ReadonlySet<string> = new Set(["Shape", "Size"]);

/** The values that depend on any of the sources, the sources among them. */
function dependents(order: readonly Node[], sources: readonly Value[]): Set<Value> {
  const found = new Set(sources);
  for (const node of order) {
    if (ofSizeAlone.has(node.op) || !node.inputs.some((input) => input && found.has(input)))
      continue;
    for (const output of node.outputs) found.add(output);
  }
  return found;
}

function readsRows({ op, attrs, gradient }: Node): boolean {
  return op === "Gather" && (attrs.axis ?? 0) === 0 && !gradient;
}
