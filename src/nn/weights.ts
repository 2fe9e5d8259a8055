import { bug } from "../errors.ts";
import type { Shape } from "../graph/dim.ts";
import { input, isInput, type Value } from "../graph/node.ts";
import { cast, gather } from "../graph/ops/index.ts";
import { rewrite } from "../graph/rewrite.ts";
import type { DType } from "../tensor/dtype.ts";

/** Where a forward function gets its weights: by the checkpoint's own name, with the shape it expects. */
export type Weights = (name: string, shape: Shape) => Value;

/**
 * Weights as graph inputs, each name once; `all` lists the inputs in the order of their first use. The graph reads them as float32, whatever
 * they are stored as.
 */
export function weightInputs(dtypeOf: (name: string) => DType = () => "float32"): {
  readonly weights: Weights;
  readonly all: Map<string, Value>;
} {
  const all = new Map<string, Value>();
  const read = new Map<string, Value>();
  const weights: Weights = (name, shape) => {
    const known = read.get(name);
    if (known && `${known.shape}` !== `${shape}`) {
      throw bug("a weight is read in two shapes", {
        at: name,
        got: `[${shape}]`,
        wanted: `[${known.shape}]`,
      });
    }
    if (known) return known;
    const stored = input(name, dtypeOf(name), shape);
    const value = stored.dtype === "float32" ? stored : cast(stored, "float32");
    all.set(name, stored);
    read.set(name, value);
    return value;
  };
  return { weights, all };
}

/** Looks rows up in a table as it is stored and converts those, instead of a converted copy of all of it. */
export function convertAfterLookup(values: readonly Value[]): Value[] {
  return rewrite(values, (node) => {
    const [table, indices] = node.inputs;
    const stored = table?.node.op === "Cast" ? table.node.inputs[0] : undefined;
    if (node.op !== "Gather" || !table || !indices || !stored || !isInput(stored)) return undefined;
    return [cast(gather(stored, indices, Number(node.attrs.axis ?? 0)), table.dtype)];
  });
}

/** The weights below a prefix: `scope(w, "encoder.layer.0")("output.dense.weight", …)`. */
export function scope(weights: Weights, prefix: string): Weights {
  return (name, shape) => weights(`${prefix}.${name}`, shape);
}
