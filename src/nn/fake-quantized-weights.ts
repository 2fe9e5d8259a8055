/** Quantization-aware training as a rewrite of a graph, whatever built it: products with a weight, and tables, see what rounding leaves of their numbers. */
import { inputName, makeNode, type Value } from "../graph/node.ts";
import { rewrite } from "../graph/rewrite.ts";
import { siteOf } from "./linear-site.ts";
import { tableOf } from "./quantized-weights.ts";
import type { WeightFormats } from "./weight-format.ts";

/**
 * The values with each weight of `formats` rounded where it is read, as `quantizeWeights` has it of codes; the graph's inputs stay the floats, and the gradient reaches
 * them as if nothing were rounded. A table's rows are rounded after they are looked up, so its gradient stays one of rows.
 */
export function fakeQuantizeWeights(values: readonly Value[], formats: WeightFormats): Value[] {
  // Layers that read the same rows, or the same weight, share what is made of it.
  const known = new Map<Value, Value>();
  const once = (value: Value, round: (value: Value) => Value): Value => {
    const rounded = known.get(value) ?? round(value);
    known.set(value, rounded);
    return rounded;
  };
  return rewrite(values, (node) => {
    const table = tableOf(node);
    const looked = table && formats.get(inputName(table));
    if (looked?.rows) return [looked.fake(node.outputs[0])];
    const site = siteOf(node);
    const format = site?.outFirst ? formats.get(site.weight) : undefined;
    if (!site || !format?.product) return undefined;
    const [x, weight, ...rest] = node.inputs;
    const rows = format.fakeInput ? once(x!, format.fakeInput) : x;
    const inputs = [rows, once(weight!, format.fake), ...rest];
    return makeNode({ ...node, inputs, types: node.outputs }).outputs;
  });
}
