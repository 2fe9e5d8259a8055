/** What stays as it is while adapters are trained beside it. */
import { NearfoldError } from "../errors.ts";
import { floatOf, layerWeights, toCodes } from "../models/codes.ts";
import { type Model, requireFloats } from "../models/model.ts";
import type { WeightFormat, WeightFormats } from "../nn/weight-format.ts";
import { weightFormats } from "../nn/weight-formats.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Precision } from "./options.ts";

interface FrozenBase {
  /** As the graphs read them. */
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly formats: WeightFormats;
}

/**
 * A base's weights as they are read in every step. Codes stay codes where a gradient can go through them, and are floats from here on where it cannot; at int8, the linear layers' floats become codes.
 */
export function frozenBase(model: Model<Tensor>, precision: Precision): FrozenBase {
  const formats = new Map<string, WeightFormat>();
  const weights = new Map(model.weights);
  for (const [name, format] of model.formats ?? []) {
    if (format.back || format.rows) formats.set(name, format);
    else weights.set(name, floatOf(model, name)!);
  }
  if (precision === "float32") return { weights, formats };
  const floats = [...layerWeights(model).keys()].filter((name) => weights.has(name));
  const more = new Map(floats.map((name) => [name, weightFormats.int8] as const));
  return { weights: toCodes(weights, more), formats: new Map([...formats, ...more]) };
}

/** @throws unsupported for codes, which can't be trained; bad-argument where int8 would change nothing */
export function requireTrainable(
  model: Model<Tensor>,
  { lora, precision }: { readonly lora?: unknown; readonly precision: Precision },
): void {
  if (!lora) requireFloats(model, "trained but by adapters beside it");
  if (precision === "float32" || layerWeights(model).size > 0) return;
  const [got, wanted] = [precision, "float32"];
  const what = "the model has no linear layers to multiply in another precision";
  throw new NearfoldError("bad-argument", what, { at: model.name, got, wanted });
}
