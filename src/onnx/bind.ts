/** An imported graph with values in the place of its inputs, and the types of all that follows inferred anew. */
import { bug } from "../errors.ts";
import { type Dim, UNKNOWN } from "../graph/dim.ts";
import { tryInfer } from "../graph/infer.ts";
import { makeNode, type Type, type Value } from "../graph/node.ts";
import { rewrite } from "../graph/rewrite.ts";
import { isMark } from "../graph/unknown-type.ts";
import { mergeTypes } from "./type-proto.ts";

/**
 * Values of a graph that reads `by` instead of its inputs. Of the names that the file has for sizes only those in `names` are believed,
 * and replaced by what they are called where the graph goes: others may stand for a size that is broadcast, which a name here never is.
 */
export function bindInputs(
  values: readonly Value[],
  by: ReadonlyMap<Value, Value>,
  names: ReadonlyMap<string, string>,
): Value[] {
  const rename = (dim: Dim): Dim =>
    typeof dim === "number" || isMark(dim) ? dim : (names.get(dim) ?? UNKNOWN);
  const renamed = ({ dtype, shape }: Type): Type => ({ dtype, shape: shape.map(rename) });
  return rewrite(values, (node) => {
    if (node.op === "Constant") return undefined;
    if (node.op === "Input") {
      const value = by.get(node.outputs[0] as Value);
      if (!value) throw bug("an input of an imported graph is not bound", { at: `${node.name}` });
      return [value];
    }
    const inferred = tryInfer(node);
    const types = node.outputs.map((output, i) => mergeTypes(inferred?.[i], renamed(output)));
    return makeNode({ ...node, types }).outputs;
  });
}
