/** Types of an imported node's outputs: from the op's own rule where that is safe, else from what the file declares. */
import { constantOf, type Type, type Value } from "../graph/node.ts";
import { elementwise } from "../graph/ops/elementwise.ts";
import { lookup } from "../graph/ops/index.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { MAX_RANK } from "./tensor-proto.ts";
import { isMark, isRanked } from "./type-proto.ts";
import type { RawNode } from "./upgrade.ts";

/** Ops whose rule looks at the types of their inputs alone; of the others, the first input is data when there are more. */
const readsNoShape: ReadonlySet<string> = new Set([
  ...Object.keys(elementwise),
  "Concat",
  "Gather",
  "GatherElements",
  "ScatterElements",
]);

/** Steps that a shape rule may take to read a shape from the nodes that compute it. */
const MAX_WALK = 512;

/**
 * What the op's rule says of the outputs; undefined for an op outside the table, for inputs of unknown type, and where
 * the rule refuses: whoever runs the model decides on that, with the model's own types.
 */
export function inferTypes(
  domain: string,
  { op, inputs, attrs }: RawNode,
  walk: Walk,
): readonly Type[] | undefined {
  const entry = lookup(domain, op);
  const known = inputs.every((input) => !input || isRanked(input));
  const lengths = inputs.map((input) => (input ? walk.lengthOf(input) : 0));
  const shapes = lengths.length > 1 ? lengths.slice(1) : lengths;
  const steps = readsNoShape.has(op) ? 0 : shapes.reduce((total, length) => total + length, 0);
  if (!entry || !known || steps > MAX_WALK) return undefined;
  try {
    const types = entry.infer(inputs as readonly Value[], attrs);
    // A shape read from a value of unknown rank.
    return types.some(({ shape }) => shape.some(isMark)) ? undefined : types;
  } catch {
    return undefined;
  }
}

/**
 * How far a shape rule walks back from a value of shapes. A hostile file can double it with each node (a Concat of a
 * value with itself), so it is counted before a rule is asked.
 */
export interface Walk {
  readonly lengthOf: (value: Value) => number;
}

const walked: ReadonlySet<string> = new Set(["Cast", "Concat", "Unsqueeze"]);

export function makeWalk(): Walk {
  const lengths = new Map<Value, number>();
  const compute = (value: Value): number => {
    const { op, inputs } = value.node;
    const constant = constantOf(value);
    if (constant) return sizeOf(constant.shape);
    const length = value.shape.length === 1 ? value.shape[0] : 1;
    if (typeof length === "number" && length > MAX_RANK) return length;
    if (op === "Gather" || op === "Slice") return MAX_RANK;
    if (!walked.has(op)) return 1;
    return inputs.reduce((total, input) => total + (input ? lengthOf(input) : 0), 1);
  };
  const lengthOf = (value: Value): number => {
    if (value.dtype !== "int64" && value.dtype !== "int32") return 0;
    const found = lengths.get(value) ?? compute(value);
    lengths.set(value, found);
    return found;
  };
  return { lengthOf };
}
