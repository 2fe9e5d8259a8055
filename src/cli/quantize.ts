import { Option } from "commander";
import { readDocuments } from "../data/index.ts";
import { loadModel } from "../models/load.ts";
import type { Card, Model } from "../models/model.ts";
import { saveModel } from "../models/save.ts";
import type { WeightFormat } from "../nn/weight-format.ts";
import { parseWeightFormat, weightFormats } from "../nn/weight-formats.ts";
import { formatsFor, type Guarded, quantizable, quantizeGuarded } from "../quantize/index.ts";
import { runtimeVersion } from "../runtime/version.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { anyNumber, type CommandSpec, type Outcome, wholeNumber } from "./command.ts";
import {
  type ModelOptions,
  modelArgument,
  modelFolder,
  modelName,
  modelOptions,
} from "./model-reference.ts";
import { requireFree } from "./output.ts";
import { trackTask } from "./progress.ts";
import { type ReadingOptions, readAll, skipBadOption } from "./reading.ts";
import { table } from "./table.ts";
import { packageVersion } from "./version.ts";

interface Options extends ReadingOptions, ModelOptions {
  readonly out: string;
  readonly data: string;
  readonly texts: number;
  readonly weights: string;
  readonly tables: string;
  readonly agreement: number;
  readonly replace?: boolean;
}

const all = Object.entries<WeightFormat>(weightFormats);
const byLayer = all.filter(([, { product }]) => product).map(([name]) => name);
const byTable = [...all.filter(([, { rows }]) => rows).map(([name]) => name), "float32"];

/** A model in, the same model with weights as codes out. */
export const quantize: CommandSpec<Options> = {
  name: "quantize",
  summary: "Hold a model's weights as integers: a quarter of the memory, and faster",
  arguments: [["<model>", modelArgument]],
  options: [
    new Option("--out <folder>", "folder of the model").makeOptionMandatory(),
    new Option(
      "--data <file>",
      'texts like those to be embedded, to judge by: JSONL of {"text"}, or .txt',
    ).makeOptionMandatory(),
    new Option("--texts <n>", "so many of them, from the first on")
      .argParser(wholeNumber(1))
      .default(256),
    new Option(
      "--weights <format>",
      "of the linear layers; int8-static is calibrated by --data, int7 for processors without VNNI",
    )
      .choices(byLayer)
      .default("int8"),
    new Option("--tables <format>", "of the token embeddings")
      .choices(byTable)
      .default("int8-rows"),
    new Option(
      "--agreement <x>",
      "the least mean cosine with the float vectors; layers that cost too much stay float",
    )
      .argParser(anyNumber)
      .default(0.99),
    new Option("--replace", "replace what is at --out"),
    skipBadOption,
    ...modelOptions,
  ],
  examples: [
    "nearfold quantize model/ --data corpus.jsonl --out model-int8/",
    "nearfold quantize model/ --data corpus.jsonl --weights int4-block32 --agreement 0.95 --out model-int4/",
  ],
  run: async ([reference], options, context) => {
    const { out, data, weights, tables } = options;
    await requireFree(out, options);
    const { rows } = await readAll(data, readDocuments, options, context.report);
    const folder = await modelFolder(reference, options, context);
    const model = await loadModel(folder);
    const layer = parseWeightFormat(weights);
    const formats = formatsFor(
      quantizable(model),
      layer,
      tables === "float32" ? undefined : parseWeightFormat(tables),
    );
    const texts = rows.slice(0, options.texts).map(({ text }) => text);
    const advance = trackTask(
      context.report,
      { task: "judging", unit: "layers", total: formats.size },
      context.now,
    );
    const guarded = await quantizeGuarded(model, formats, {
      texts,
      agreement: options.agreement,
      signal: context.signal,
      onProgress: ({ done }) => advance(done),
    });
    const card = await cardOf(model, folder, guarded);
    await saveModel(out, { ...guarded.model, card }, { replace: options.replace ?? false });
    return outcome(guarded, model, options, texts.length);
  },
};

async function cardOf({ card }: Model, folder: string, { agreement }: Guarded): Promise<Card> {
  const { lineage } = card;
  const versions = {
    nearfold: packageVersion(),
    "onnxruntime-node": runtimeVersion(),
    node: process.versions.node,
  };
  // What was measured of the float model does not hold for this one.
  const metrics = { cosineWithFloat: agreement.mean };
  return { ...card, lineage: { ...lineage, base: await modelName(folder), versions, metrics } };
}

function outcome(
  { model, agreement, unguarded, kept }: Guarded,
  float: Model,
  { out, weights, tables, agreement: wanted }: Options,
  texts: number,
): Outcome {
  const [bytes, floatBytes] = [bytesOf(model), bytesOf(float)];
  const { mean, worst } = agreement;
  const reached =
    mean >= wanted ? [] : [`The ${wanted} that was asked for is not reached: use a finer format.`];
  const back =
    kept.length === 0
      ? []
      : [
          `With all as ${weights} it was ${unguarded.mean.toFixed(4)}; so these stay float, the costliest first:`,
          table(
            ["layer", "cost alone"],
            kept.map(({ weight, cost }) => [weight, cost.toFixed(5)]),
          ),
        ];
  return {
    json: { out, weights, tables, texts, bytes, floatBytes, agreement, unguarded, kept },
    text: [
      `${megabytes(bytes)} of weights, ${(floatBytes / bytes).toFixed(1)} times fewer than ${megabytes(floatBytes)}`,
      `Cosine with the float vectors of ${texts} texts: ${mean.toFixed(4)} in the mean, ${worst.toFixed(4)} at worst`,
      ...back,
      ...reached,
      `The model is in ${out}.`,
    ].join("\n"),
  };
}

function bytesOf({ weights }: Pick<Model<Tensor>, "weights">): number {
  return [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
