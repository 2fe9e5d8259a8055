/** Types of a node's outputs by the rule of its op, for nodes that a file made: the rule may not fit them. */
import type { Dim } from "./dim.ts";
import type { Node, Type, Value } from "./node.ts";
import { lookup } from "./ops/index.ts";
import { isMark, isRanked } from "./unknown-type.ts";

/**
 * What the op's rule says of the outputs; undefined for an op outside the table, for inputs of unknown rank, and where the rule
 * refuses: the node is in a form that the table does not know.
 */
export function tryInfer({
  domain,
  op,
  inputs,
  attrs,
}: Pick<Node, "domain" | "op" | "inputs" | "attrs">): readonly Type[] | undefined {
  const entry = lookup(domain, op);
  if (!entry || !inputs.every((input) => !input || isRanked(input))) return undefined;
  try {
    const types = entry.infer(inputs as readonly Value[], attrs);
    // A shape read from a value of unknown rank, or an axis that is not there.
    const isOff = (dim: Dim | undefined) => dim === undefined || isMark(dim);
    return types.some(({ shape }) => shape.some(isOff)) ? undefined : types;
  } catch {
    return undefined;
  }
}
