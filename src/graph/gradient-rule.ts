/** The gradient rule of a node, or why it has none and how the loss came to it. */
import { NearfoldError } from "../errors.ts";
import { tryInfer } from "./infer.ts";
import type { Node, Value } from "./node.ts";
import { showType } from "./op.ts";
import { lookup, zerosLike } from "./ops/index.ts";
import { isRanked } from "./unknown-type.ts";

const NOT_IN_TABLE = "it is not in the op table, so it is run as it is";

/** Of a path that is longer, the middle is left out. */
const SHOWN = 12;

/**
 * The gradients of a node's inputs, by its own rule or its op's; `passed` are the nodes that the gradient came through so far, the loss's first.
 * @throws unsupported for an op without a rule, or in a form that its rule does not know: it names the op, the node and the path from the loss
 */
export function applyRule(
  node: Node,
  found: readonly (Value | undefined)[],
  passed: readonly Node[],
): ReturnType<NonNullable<Node["gradient"]>> {
  const rule = node.gradient ?? lookup(node.domain, node.op)?.grad;
  if (!rule) throw refusal(node, passed, NOT_IN_TABLE);
  if (typeof rule !== "function") throw refusal(node, passed, rule.none);
  // Whoever builds a node by the table has its types from there; a file may hold any form of it, and say anything of it.
  if (!node.gradient && !isKnownForm(node)) throw unknownForm(node, passed);
  try {
    return rule(found[0] ?? zerosLike(node.outputs[0]), node, found);
  } catch (cause) {
    if (!(cause instanceof NearfoldError) || cause.code !== "bad-argument") throw cause;
    throw refusal(node, passed, cause.message, cause);
  }
}

/** Whether the op's rule fits the node, and gives what the node says that it gives. */
function isKnownForm(node: Node): boolean {
  const types = tryInfer(node);
  if (!types) return false;
  return node.outputs.every(({ shape }, i) => !types[i] || types[i].shape.length === shape.length);
}

/** Where a type is not known, the first node that could not tell is to blame. */
function unknownForm(node: Node, passed: readonly Node[]): NearfoldError {
  const before = [...passed];
  const unranked = ({ inputs }: Node) => inputs.find((input) => input && !isRanked(input))?.node;
  let first = node;
  for (let next = unranked(node); next && next.op !== "Input"; next = unranked(next)) {
    before.push(first);
    first = next;
  }
  if (first !== node) {
    const isKnown = lookup(first.domain, first.op);
    return refusal(first, before, isKnown ? "its shape is not known" : NOT_IN_TABLE);
  }
  const types = node.inputs.map((input) => (input ? showType(input) : "nothing"));
  const results = node.outputs.map((output) => showType(output));
  return refusal(node, passed, `not from ${types.join(", ")} to ${results.join(", ")}`);
}

function refusal(
  node: Node,
  passed: readonly Node[],
  reason: string,
  cause?: unknown,
): NearfoldError {
  const at = node.name ? { at: `node ${node.name}` } : {};
  return new NearfoldError("unsupported", `${node.op} has no gradient: ${reason}`, {
    ...at,
    hint: `The path from the loss: ${pathTo(node, passed).join(" <- ")}`,
    cause,
  });
}

/** The ops from the loss down to a node, through whichever consumer comes first. */
function pathTo(node: Node, passed: readonly Node[]): string[] {
  const label = ({ op, name }: Node) => (name ? `${op} (${name})` : op);
  const path = [label(node)];
  let at = node;
  for (const next of passed.toReversed()) {
    if (!next.inputs.some((input) => input?.node === at)) continue;
    path.unshift(label(next));
    at = next;
  }
  const left = path.length - SHOWN;
  return left > 1 ? path.toSpliced(SHOWN / 2, left, `… ${left} more …`) : path;
}
