/** How weights are held, as a person names it. */
import { Option } from "commander";
import { type Model, requireFloats } from "../models/model.ts";
import type { WeightFormat, WeightFormats } from "../nn/weight-format.ts";
import { parseWeightFormat, weightFormats } from "../nn/weight-formats.ts";
import { formatsFor, quantizable, quantizeModel } from "../quantize/index.ts";
import type { Tensor } from "../tensor/tensor.ts";

const all = Object.entries<WeightFormat>(weightFormats);

/** What the weights of layers may be. */
export const layerFormats = all.filter(([, { product }]) => product).map(([name]) => name);
/** What tables of tokens may be. */
export const tableFormats = [
  ...all.filter(([, { rows }]) => rows).map(([name]) => name),
  "float32",
];

export const DEFAULT_TABLES = "int8-rows";

/** Those that need no calibration: what a weight is rounded to in every step. */
const trainedFormats = all
  .filter(([, { product, calibrated }]) => product && !calibrated)
  .map(([name]) => name);

/** What a model is trained to be saved as. */
export interface TrainedWeights {
  readonly weights?: string;
  readonly tables?: string;
}

/** Of commands that train: quantization-aware. */
export const trainedWeightOptions: readonly Option[] = [
  new Option(
    "--weights <format>",
    "train to be rounded: the layers are saved in this format, and each step sees them so (default: floats)",
  ).choices(trainedFormats),
  new Option(
    "--tables <format>",
    `the same of the token embeddings (default: ${DEFAULT_TABLES} with --weights)`,
  ).choices(tableFormats),
];

/** A model that is trained as floats, and what it is saved and judged as. */
export interface Served {
  /** Absent where it stays float. */
  readonly formats?: WeightFormats;
  readonly asServed: (model: Model) => Model<Tensor>;
}

/** @throws bad-argument for a format that does not fit the model's weights, before anything is trained; as `quantizable` */
export function servedAs(start: Model<Tensor>, { weights, tables }: TrainedWeights): Served {
  if (weights === undefined && tables === undefined) return { asServed: (trained) => trained };
  requireFloats(start, "trained");
  const model = start as Model;
  const formats = chosenFormats(model, weights, tables ?? DEFAULT_TABLES);
  if (formats.size === 0) return { asServed: (trained) => trained };
  quantizeModel(model, formats);
  return { formats, asServed: (trained) => quantizeModel(trained, formats) };
}

/** The format of each weight. @param weights undefined leaves the layers float, as `float32` does the tables */
export function chosenFormats(
  model: Model,
  weights: string | undefined,
  tables: string,
): Map<string, WeightFormat> {
  const layer = weights === undefined ? undefined : parseWeightFormat(weights);
  const table = tables === "float32" ? undefined : parseWeightFormat(tables);
  return formatsFor(quantizable(model), layer, table);
}
