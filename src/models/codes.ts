/** Weights as codes, and as floats again. */
import { batchingOf } from "../nn/batching.ts";
import { linearWeights } from "../nn/linear-site.ts";
import { partName, type WeightFormat, type WeightFormats } from "../nn/weight-format.ts";
import { openSafetensors } from "../tensor/safetensors.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { readWeights, weightShapes } from "./checkpoint.ts";
import { encoderGraph } from "./encoder-graph.ts";
import type { Model, Tower, Weight } from "./model.ts";
import { QUANTIZATION } from "./quantization.ts";

type Held = Pick<Tower<Tensor>, "weights" | "formats">;

/**
 * The weights with those of `formats` as codes; the others are those given, not copies.
 * @throws bad-argument for a weight whose size its format can't hold
 */
export function toCodes(
  weights: ReadonlyMap<string, Tensor>,
  formats: WeightFormats,
  partsOf = (name: string, format: WeightFormat) =>
    format.quantize(weights.get(name) as Tensor<"float32">),
): Map<string, Tensor> {
  const held = new Map(weights);
  for (const [name, format] of formats) {
    held.delete(name);
    const parts = Object.entries(partsOf(name, format));
    for (const [suffix, part] of parts) held.set(partName(name, suffix), part);
  }
  return held;
}

/** The weights with codes as what they stand for; floats are those given, not copies. */
export function toFloats({ weights, formats = new Map() }: Held): Map<string, Tensor<"float32">> {
  const floats = new Map(weights);
  for (const part of partNames(formats)) floats.delete(part);
  for (const name of formats.keys()) floats.set(name, floatOf({ weights, formats }, name)!);
  return floats as Map<string, Tensor<"float32">>;
}

/** One weight as floats. */
export function floatOf({ weights, formats }: Held, name: string): Tensor<"float32"> | undefined {
  const format = formats?.get(name);
  if (!format) return weights.get(name) as Tensor<"float32"> | undefined;
  const parts = suffixesOf(format).map(
    (suffix) => [suffix, weights.get(partName(name, suffix))!] as const,
  );
  return format.dequantize(Object.fromEntries(parts));
}

function partNames(formats: WeightFormats): string[] {
  return [...formats].flatMap(([name, format]) =>
    suffixesOf(format).map((suffix) => partName(name, suffix)),
  );
}

/** The names of a weight's parts, without the weight's: they do not depend on its size. */
function suffixesOf(format: WeightFormat): string[] {
  return Object.keys(format.parts({ out: 1, in: 128 }));
}

/** Numbers that a model has, however it holds them. */
export function parameterCount(
  model: Pick<Tower<Tensor>, "weights" | "formats" | "architecture" | "config" | "head">,
): number {
  const { weights, formats = new Map(), architecture, config, head } = model;
  const parts = new Set(partNames(formats));
  const shapes = formats.size > 0 ? weightShapes(architecture, config, head) : new Map();
  const sizes = [
    ...[...weights].flatMap(([name, { shape }]) => (parts.has(name) ? [] : [shape])),
    ...[...formats.keys()].map((name) => shapes.get(name) as readonly number[]),
  ];
  return sizes.reduce((sum, shape) => sum + sizeOf(shape), 0);
}

/** A model of one tower with these weights, which are floats. */
export function asFloatModel(model: Model<Tensor>, weights: Model["weights"]): Model {
  const { formats: _, queryTower: __, configJson, ...rest } = model;
  const { [QUANTIZATION]: ___, ...plain } = configJson;
  return { ...rest, configJson: plain, weights };
}

/** The transformer's weights of linear layers, as they lie: `[rows, columns]`. */
export function layerWeights({
  architecture,
  config,
  head,
}: Pick<Tower, "architecture" | "config" | "head">): ReadonlyMap<
  string,
  readonly [number, number]
> {
  const layout = batchingOf(architecture, head).layout();
  const { tokens } = encoderGraph(architecture, config, head, layout);
  return linearWeights([tokens]);
}

/** Reads weights into memory; those that are codes stay codes. @throws io, bad-input */
export async function readHeld({
  weights,
  formats = new Map(),
}: Pick<Tower<Weight>, "weights" | "formats">): Promise<Map<string, Tensor>> {
  const codes = new Set(partNames(formats));
  const isCode = ([name]: readonly [string, Weight]) => codes.has(name);
  const held = new Map<string, Tensor>(
    await readWeights(new Map([...weights].filter((entry) => !isCode(entry)))),
  );
  for (const [name, part] of [...weights].filter(isCode)) {
    if (!("path" in part)) held.set(name, part);
    else {
      await using file = await openSafetensors(part.path);
      held.set(name, await file.read(part.name));
    }
  }
  return held;
}
