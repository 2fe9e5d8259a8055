/** The slow, plain oracle: a graph computed in float64 by the loops of its op table. Never optimised. */
import { NearfoldError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Array64, array64 } from "./array64.ts";
import { inputName, type Node, only, topological, type Value } from "./node.ts";
import { lookup } from "./ops/index.ts";

/**
 * The values' numbers, given those of the graph's inputs by name.
 * @throws not-found when an input is not fed, unsupported when an op is not in the table
 */
export function evaluate(values: readonly Value[], feeds: ReadonlyMap<string, Array64>): Array64[] {
  const known = new Map<Node, readonly Array64[]>();
  for (const node of topological(values)) known.set(node, compute(node, known, feeds));
  return values.map(({ node, index }) => known.get(node)![index]);
}

function compute(
  node: Node,
  known: ReadonlyMap<Node, readonly Array64[]>,
  feeds: ReadonlyMap<string, Array64>,
): readonly Array64[] {
  if (node.op === "Constant") return [toArray64(node.attrs.value as Tensor)];
  if (node.op === "Input") {
    const name = inputName(only(node));
    const fed = feeds.get(name);
    if (!fed) throw new NearfoldError("not-found", "a graph input is not fed", { at: name });
    return [fed];
  }
  const entry = lookup(node.domain, node.op);
  if (!entry) {
    throw new NearfoldError("unsupported", `${node.op} is not in the op table`, {
      at: node.name ?? node.op,
    });
  }
  const inputs = node.inputs.map((input) => input && known.get(input.node)![input.index]);
  return entry.eval(inputs as Array64[], node.attrs, node);
}

export function toArray64({ shape, data }: Tensor): Array64 {
  return array64(shape, Array.from(data as ArrayLike<number | bigint>, Number));
}
