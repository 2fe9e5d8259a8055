/** What `nearfold quantize` may be told. */
import { Option } from "commander";
import { anyNumber, nameList, wholeNumber } from "./command.ts";
import { type LayerChoice, parseLayerChoices } from "./layer-choices.ts";
import { type ModelOptions, modelOptions } from "./model-reference.ts";
import { type ReadingOptions, skipBadOption } from "./reading.ts";
import { DEFAULT_TABLES, layerFormats, tableFormats } from "./weight-options.ts";

export interface QuantizeOptions extends ReadingOptions, ModelOptions {
  readonly out: string;
  readonly data: string;
  readonly texts: number;
  readonly weights: string;
  readonly tables?: string;
  readonly layers?: readonly LayerChoice[];
  readonly finer?: readonly string[];
  readonly agreement: number;
  readonly replace?: boolean;
}

export const quantizeOptions: readonly Option[] = [
  new Option("--out <folder>", "folder of the model").makeOptionMandatory(),
  new Option(
    "--data <file>",
    'texts like those to be embedded, to round and to judge by: JSONL of {"text"}, or .txt',
  ).makeOptionMandatory(),
  new Option("--texts <n>", "so many of them, from all over; others measure what came of it")
    .argParser(wholeNumber(1))
    .default(256),
  new Option(
    "--weights <format>",
    "of the linear layers; auto: int8, or int7 where this processor's sums of 8 bits saturate; int8-static: activations calibrated by --data, faster",
  )
    .choices(["auto", ...layerFormats, "float16"])
    .default("auto"),
  new Option(
    "--tables <format>",
    `of the token embeddings (default: ${DEFAULT_TABLES}, or float16 as the layers)`,
  ).choices([...tableFormats, "float16"]),
  new Option(
    "--layers <list>",
    "formats of single layers, as 'encoder.layer.0.*=float32,*.output.dense=int8'",
  ).argParser(parseLayerChoices),
  new Option(
    "--agreement <x>",
    "the least mean cosine with the float vectors; layers that cost too much get more bits",
  )
    .argParser(anyNumber)
    .default(0.99),
  new Option(
    "--finer <list>",
    "formats that such layers get before float32 (default: int8 or int7 after 4 bits)",
  ).argParser(nameList),
  new Option("--replace", "replace what is at --out"),
  skipBadOption,
  ...modelOptions,
];
