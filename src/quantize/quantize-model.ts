/** A model whose weights are codes: which of them, and how. */
import { NearfoldError } from "../errors.ts";
import { inputName, isInput, topological } from "../graph/node.ts";
import { toCodes } from "../models/codes.ts";
import { encoderGraph } from "../models/encoder-graph.ts";
import { type Model, requireFloats, requireOneTower } from "../models/model.ts";
import { siteOf } from "../nn/linear-site.ts";
import { paddedLayout } from "../nn/padded-layout.ts";
import type { WeightFormat, WeightFormats } from "../nn/weight-format.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Moments } from "./moments.ts";

/** What of a model can be held as codes, by name. */
export interface Quantizable {
  /** Weights of linear layers `[out, in]`, in the order of the graph. */
  readonly layers: readonly string[];
  /** Tables that are looked up by token id. */
  readonly tables: readonly string[];
}

/** @throws unsupported for a model of two towers, one that is quantized, or a graph that was exported elsewhere */
export function quantizable(model: Model): Quantizable {
  const { name: at, architecture, config, head } = model;
  requireOneTower(model, "quantized");
  requireFloats(model, "quantized");
  if (architecture.imported) {
    const hint = "Quantize the folder that the graph was exported from";
    const what = "a graph that was exported elsewhere keeps its own weights";
    throw new NearfoldError("unsupported", what, { at, hint });
  }
  const { tokens } = encoderGraph(architecture, config, head, paddedLayout(head.pooling));
  const layers = new Set<string>();
  const tables = new Set<string>();
  for (const node of topological([tokens])) {
    const site = siteOf(node);
    if (site?.outFirst) layers.add(site.weight);
    const [table] = node.inputs;
    if (node.op !== "Gather" || !table || !isInput(table)) continue;
    if (inputName(table) === architecture.tables[0]) tables.add(inputName(table));
  }
  return { layers: [...layers], tables: [...tables] };
}

/** What a format makes of a weight. */
export type PartsOf = (weight: string, format: WeightFormat) => Readonly<Record<string, Tensor>>;

/** What formats make of a model's weights, each computed once. @param moments of layers, for formats that round by them */
export function partsOf({ weights }: Model, moments: Moments = new Map()): PartsOf {
  const known = new Map<string, Readonly<Record<string, Tensor>>>();
  return (weight, format) => {
    const key = `${format.name} ${weight}`;
    const parts = known.get(key) ?? format.quantize(weights.get(weight)!, moments.get(weight));
    known.set(key, parts);
    return parts;
  };
}

/**
 * The model with some weights as codes, or as floats of fewer bits; the others are those given, not copies.
 * @throws bad-argument for a weight whose size or numbers its format can't hold
 */
export function quantizeModel(
  model: Model,
  formats: WeightFormats,
  parts: PartsOf = partsOf(model),
): Model<Tensor> {
  // One tower, which `quantizable` asked for; what was adapted is in its weights.
  const { adapter: _adapter, queryTower: _tower, ...one } = model;
  const codes = new Map([...formats].filter(([, { isFloat }]) => !isFloat));
  const weights = toCodes(model.weights, formats, parts);
  return { ...one, weights, ...(codes.size > 0 && { formats: codes }) };
}

/** One format for the layers, one for the tables; undefined leaves them float. */
export function formatsFor(
  { layers, tables }: Quantizable,
  layer: WeightFormat | undefined,
  table: WeightFormat | undefined,
): Map<string, WeightFormat> {
  return new Map([
    ...(layer ? layers.map((name) => [name, layer] as const) : []),
    ...(table ? tables.map((name) => [name, table] as const) : []),
  ]);
}
