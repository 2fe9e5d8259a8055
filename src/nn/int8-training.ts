/**
 * Products of a training step in int8, after SwitchBack (Wortsman et al., arXiv:2304.13013 §2.2): a rewrite of a graph that has been differentiated. It is the float graph whose
 * gradient is taken, so gradients pass straight through the rounding, and forwards and backwards a layer is the same kind of node.
 */
import { type Node, scalar, topological, type Value } from "../graph/node.ts";
import { mul, reshape } from "../graph/ops/index.ts";
import { multiplyRows } from "./int8-format.ts";
import { siteOf } from "./linear-site.ts";
import { type PartsOf, quantizeWeights, roundedRows } from "./quantized-weights.ts";
import type { RoundRows } from "./weight-format.ts";
import { weightFormats } from "./weight-formats.ts";

interface Int8Options {
  /** Round for the gradients of the weights too; SwitchBack leaves them float. @default false */
  readonly weightGradients?: boolean;
}

/**
 * The values with every product with one of the weights, float32 graph inputs, in int8: rows with a scale each, forwards as they are and backwards times the weight's scales; the weight rounded
 * anew in each run, with a scale for each of its rows.
 */
export function int8Products(
  values: readonly Value[],
  weights: ReadonlySet<string>,
  { weightGradients = false }: Int8Options = {},
): Value[] {
  const formats = new Map([...weights].map((name) => [name, weightFormats.int8] as const));
  const also = weightGradients ? { also: int8Gradients(rowsReadWith(weights, values)) } : {};
  return quantizeWeights(values, formats, { partsOf: roundedInGraph(), ...also });
}

/** What is multiplied with one of the weights. */
function rowsReadWith(weights: ReadonlySet<string>, values: readonly Value[]): Set<Value> {
  const found = topological(values).flatMap((node) =>
    weights.has(siteOf(node)?.weight ?? "") ? [node.inputs[0]!] : [],
  );
  return new Set(found);
}

/**
 * `gᵀ x`, the gradient of a weight, as `(g · s)ᵀ` by the codes of x, which its product had: s, the scales of x's rows, go with the rows of g, before its columns are rounded with a scale each.
 */
function int8Gradients(read: ReadonlySet<Value>) {
  return (node: Node, original: Node, rows: RoundRows): Value | undefined => {
    const [turned, x] = original.inputs;
    if (original.op !== "MatMul" || turned?.node.op !== "Transpose" || !x) return undefined;
    // As a matrix, where batches have more axes.
    const all = x.node.op === "Reshape" ? x.node.inputs[0]! : x;
    if (!read.has(x) && !read.has(all)) return undefined;
    const right = rows(node.inputs[1]!);
    const left = rows(mul(node.inputs[0]!, reshape(right.scale, [1, -1])));
    return multiplyRows(left, right.signed(), scalar(1));
  };
}

/** The parts of a weight as it is in this run, as `weightFormats.int8` would hold it. */
function roundedInGraph(): PartsOf {
  const rows = roundedRows();
  return (weight) => {
    const { signed, scale } = rows(weight);
    return (suffix) => (suffix === "" ? signed() : scale);
  };
}
