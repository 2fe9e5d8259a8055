import { bug } from "../errors.ts";
import type { Shape } from "../graph/dim.ts";
import { input, type Value } from "../graph/node.ts";

/** Where a forward function gets its weights: by the checkpoint's own name, with the shape it expects. */
export type Weights = (name: string, shape: Shape) => Value;

/** Weights as float32 graph inputs, each name once; `all` lists them in the order of their first use. */
export function weightInputs(): { readonly weights: Weights; readonly all: Map<string, Value> } {
  const all = new Map<string, Value>();
  const weights: Weights = (name, shape) => {
    const known = all.get(name);
    if (known && `${known.shape}` !== `${shape}`) {
      throw bug("a weight is read in two shapes", {
        at: name,
        got: `[${shape}]`,
        wanted: `[${known.shape}]`,
      });
    }
    const value = known ?? input(name, "float32", shape);
    all.set(name, value);
    return value;
  };
  return { weights, all };
}

/** The weights below a prefix: `scope(w, "encoder.layer.0")("output.dense.weight", …)`. */
export function scope(weights: Weights, prefix: string): Weights {
  return (name, shape) => weights(`${prefix}.${name}`, shape);
}
