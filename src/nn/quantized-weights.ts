/** Quantization as a rewrite of a graph, whatever built it: products with weights, and tables, read codes and scales instead. */
import {
  constant,
  input,
  inputName,
  isInput,
  type Node,
  scalar,
  type Value,
} from "../graph/node.ts";
import {
  add,
  div,
  expand,
  maximum,
  mul,
  quantizeLinear,
  reduceMax,
  reduceMin,
  reshape,
  shapeOf,
} from "../graph/ops/index.ts";
import { rewrite } from "../graph/rewrite.ts";
import { bytesOf, type StoredTensor } from "../tensor/stored-tensor.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { alphaOf, siteOf } from "./linear-site.ts";
import {
  type MatrixSize,
  type Part,
  partName,
  type RoundedRows,
  type RoundRows,
  type WeightFormat,
  type WeightFormats,
} from "./weight-format.ts";

/** Where the parts of a weight `[out, in]`, a graph input of floats, come from. */
export type PartsOf = (weight: Value, format: WeightFormat, size: MatrixSize) => Part;

interface QuantizeOptions {
  /** @default graph inputs, of the weight's name and what the format adds to it */
  readonly partsOf?: PartsOf;
  /** What else becomes of a node, before it is looked at as a product with a weight. @default nothing */
  readonly also?: (node: Node, original: Node, rows: RoundRows) => Value | undefined;
}

/**
 * The values with each weight of `formats` read as its parts. A weight must be `[out, in]`, a factor or a table. The products of layers that read the same rows
 * share their rounding.
 */
export function quantizeWeights(
  values: readonly Value[],
  formats: WeightFormats,
  { partsOf = partInputs(), also = () => undefined }: QuantizeOptions = {},
): Value[] {
  const rows = roundedRows();
  return rewrite(values, (node, original) => {
    const table = tableOf(node);
    const looked = table && formats.get(inputName(table));
    if (table && looked?.rows) {
      const [out, width] = table.shape;
      const part = partsOf(table, looked, { out, in: width as number });
      return [looked.rows(part, node.inputs[1]!)];
    }
    const other = also(node, original, rows);
    if (other) return [other];
    const site = siteOf(node);
    const format = site && formats.get(site.weight);
    const multiply = site?.outFirst ? format?.product : format?.back;
    if (!site || !format || !multiply) return undefined;
    const size = site.outFirst ? site : { out: site.in, in: site.out };
    const [x, weight] = node.inputs as [Value, Value];
    const product = multiply(x, partsOf(weight, format, size), size, rows);
    return [plusBias(scaled(product, node), node)];
  });
}

function partInputs(): PartsOf {
  const known = new Map<string, Value>();
  return (weight, format, size) => {
    const types = format.parts(size);
    return (suffix) => {
      const name = partName(inputName(weight), suffix);
      const { read = types[suffix] } = types[suffix];
      const value = known.get(name) ?? input(name, read.dtype, read.shape);
      known.set(name, value);
      return value;
    };
  };
}

/** Weights as the graph reads them: the same bytes, where a part is read as something else than it lies. */
export function asRead<W extends Tensor | StoredTensor>(
  weights: ReadonlyMap<string, W>,
  formats: WeightFormats,
  shapeOf: (weight: string) => readonly number[],
): Map<string, W> {
  const read = new Map(weights);
  for (const [weight, format] of formats) {
    const [out, width] = shapeOf(weight);
    for (const [suffix, { read: as }] of Object.entries(format.parts({ out, in: width }))) {
      const part = read.get(partName(weight, suffix));
      if (!as || !part) continue;
      const view = { dtype: as.dtype, shape: as.shape };
      const seen =
        "data" in part ? { ...part, ...view, data: bytesOf(part.data) } : { ...part, ...view };
      read.set(partName(weight, suffix), seen as W);
    }
  }
  return read;
}

/**
 * One scale a row, `max |x| / 127`; rows that several products read are rounded once. The codes are unsigned, 128 being 0: signed by signed, ONNX Runtime's product
 * has no fast path on x86 (MiniLM on sentences: 230 texts/s, where float32 had 720).
 */
export function roundedRows(): RoundRows {
  const zero = constant(tensor("uint8", [], Uint8Array.of(128)));
  const done = new Map<Value, RoundedRows>();
  return (x) => {
    const known = done.get(x);
    if (known) return known;
    // Two reads, where Abs would write all of it once more.
    const axes = { axes: [x.shape.length - 1], keep: true };
    const greatest = maximum(reduceMax(x, axes), mul(reduceMin(x, axes), -1));
    const scale = maximum(mul(greatest, 1 / 127), LEAST);
    const signed = () => quantizeRows(x, scale, constant(tensor("int8", [], Int8Array.of(0))));
    const rounded = { codes: quantizeRows(x, scale, zero), zero, scale, signed };
    done.set(x, rounded);
    return rounded;
  };
}

/** A matrix is divided and rounded in one go; its rows must be the first axis. */
function quantizeRows(x: Value, scale: Value, zero: Value): Value {
  if (x.shape.length !== 2) return quantizeLinear(div(x, scale), scalar(1), { zero });
  const scales = reshape(scale, [-1]);
  return quantizeLinear(x, scales, { zero: expand(zero, shapeOf(scales)), axis: 0 });
}

/** `alpha ·`, of products that have it. */
function scaled(product: Value, node: Node): Value {
  const alpha = alphaOf(node);
  return alpha === 1 ? product : mul(product, alpha);
}

/** `+ beta · bias`, of a Gemm that has one. */
function plusBias(product: Value, { inputs: [, , bias], attrs }: Node): Value {
  if (!bias) return product;
  const beta = (attrs.beta as { readonly float: number } | undefined)?.float ?? 1;
  return add(product, beta === 1 ? bias : mul(bias, beta));
}

/** A row of zeros must not be divided by 0. */
const LEAST = 1e-12;

/** The table `[V, D]` whose rows a node looks up, if it does. */
export function tableOf({ op, inputs: [table], attrs }: Node): Value | undefined {
  const fits = op === "Gather" && table && isInput(table) && (attrs.axis ?? 0) === 0;
  return fits && table.shape.length === 2 ? table : undefined;
}
