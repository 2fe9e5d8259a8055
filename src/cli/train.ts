import { rm } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { Option } from "commander";
import { exists } from "../durable.ts";
import { openEncoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import { scoreRun } from "../evaluate/index.ts";
import { infoNce, matryoshka } from "../losses/index.ts";
import { widthOf } from "../models/head.ts";
import type { Model } from "../models/model.ts";
import { saveModel } from "../models/save.ts";
import {
  type DevScore,
  type TrainOptions,
  train as trainModel,
  trainToEnd,
} from "../train/index.ts";
import {
  type CommandSpec,
  type Context,
  positiveNumber,
  wholeNumber,
  wholeNumbers,
} from "./command.ts";
import {
  type ModelOptions,
  modelArgument,
  modelFolder,
  modelName,
  modelOptions,
} from "./model-reference.ts";
import { requireFree } from "./output.ts";
import { skipBadOption } from "./reading.ts";
import { halves, type Recipe } from "./recipes.ts";
import { pairsAsRetrieval, runModel } from "./retrieval.ts";
import { readTrainingData, type TrainingData, type TrainingDataOptions } from "./training-data.ts";
import { archs, type StartOptions, startingModel } from "./training-model.ts";
import { toProgress } from "./training-progress.ts";
import { cardOf, measure, type Settings, trainingOutcome } from "./training-result.ts";

interface Options extends StartOptions, TrainingDataOptions, ModelOptions {
  readonly out: string;
  readonly matryoshka?: readonly number[];
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly temperature?: number;
  readonly resume?: boolean;
  readonly replace?: boolean;
}

/** Pairs in, a model folder out. */
export const train: CommandSpec<Options> = {
  name: "train",
  summary: "Train a model on pairs of texts that belong together",
  arguments: [
    ["<pairs>", 'JSONL of {"anchor", "positive", "negatives"?} or {"query", "document"}, or .tsv'],
  ],
  options: [
    new Option("--out <folder>", "folder of the model").makeOptionMandatory(),
    new Option("--base <model>", `begin with ${modelArgument}, instead of from nothing`),
    new Option("--arch <name>", "what to begin from nothing")
      .choices(Object.keys(archs))
      .default("static"),
    new Option("--dev <file>", "pairs to measure on (default: some are held out, by hash)"),
    new Option("--dims <n>", "width of the vectors (default: 256)")
      .argParser(wholeNumber(2))
      .conflicts("base"),
    new Option(
      "--matryoshka <list>",
      "widths to train for, as 256,128,64 (default: halves)",
    ).argParser(wholeNumbers),
    new Option("--epochs <n>", "passes over the pairs (default: fewer for more pairs)").argParser(
      wholeNumber(1),
    ),
    new Option(
      "--batch-size <n>",
      "pairs a step; the others of a batch are the negatives",
    ).argParser(wholeNumber(2)),
    new Option("--learning-rate <x>", "the peak").argParser(positiveNumber),
    new Option("--temperature <x>", "of the loss; lower looks harder at near misses").argParser(
      positiveNumber,
    ),
    new Option("--max-tokens <n>", "longer texts are cut").argParser(wholeNumber(1)),
    new Option("--vocab-size <n>", "tokens of a new tokenizer, at most")
      .argParser(wholeNumber(1))
      .default(20_000),
    new Option("--seed <n>", "same seed, same model").argParser(wholeNumber(0)).default(42),
    new Option("--resume", "go on where a run to the same folder was stopped"),
    new Option("--replace", "replace what is at --out"),
    skipBadOption,
    ...modelOptions,
  ],
  examples: [
    "nearfold train pairs.jsonl --out model/",
    "nearfold train pairs.jsonl --base sentence-transformers/all-MiniLM-L6-v2 --out model/",
    "nearfold train pairs.jsonl --out model/ --dims 512 --matryoshka 512,128,32 --dev dev.jsonl",
  ],
  run: async ([path], options, context) => {
    const checkpoint = `${resolve(options.out)}.checkpoint`;
    await checkPlaces(checkpoint, options);
    const data = await readTrainingData(path, options, context.report);
    const texts = data.train.flatMap(({ anchor, positive }) => [anchor, positive]);
    const base = options.base && (await modelFolder(options.base, options, context));
    const begin = { ...options, ...(base && { base }) };
    const start = await startingModel(basename(resolve(options.out)), texts, begin);
    const dims = matryoshkaDims(start.model, options);
    const settings = settingsOf(start.recipe, data, options);
    const trained = await runTraining(
      start.model,
      data,
      dims,
      settings,
      checkpoint,
      options,
      context,
    );
    const measured = data.dev.length > 0 ? await measure(trained, data, context) : undefined;
    const card = cardOf(trained, {
      data,
      dims,
      settings,
      base: base && (await modelName(base)),
      measured,
    });
    await saveModel(options.out, { ...trained, card }, { replace: options.replace ?? false });
    await rm(checkpoint, { recursive: true, force: true });
    return trainingOutcome(options.out, { data, dims, measured });
  },
};

/** Said before an hour is spent, not after. @throws exists, io */
async function checkPlaces(checkpoint: string, { out, replace, resume }: Options): Promise<void> {
  await requireFree(out, { replace });
  if (!(await exists(checkpoint)) || resume) return;
  if (!replace) {
    throw new NearfoldError("exists", "a run to this folder was stopped before its end", {
      at: checkpoint,
      hint: "Go on with --resume, or begin anew with --replace",
    });
  }
  await rm(checkpoint, { recursive: true, force: true });
}

/** The full width first. @throws bad-argument for a width that the model does not have */
function matryoshkaDims(model: Model, { matryoshka: wanted, base }: Options): readonly number[] {
  const full = widthOf(model);
  const dims = wanted ?? (base === undefined ? halves(full) : model.card.dims);
  const sorted = [...new Set([full, ...dims])].sort((a, b) => b - a);
  if (sorted[0] === full) return sorted;
  throw new NearfoldError("bad-argument", "the vectors are not that wide", {
    at: "--matryoshka",
    got: dims.join(","),
    wanted: `at most ${full}`,
  });
}

function settingsOf(recipe: Recipe, { train: pairs }: TrainingData, options: Options): Settings {
  const { batchSize, learningRate, temperature = recipe.temperature, seed } = options;
  const { epochs = recipe.epochs(pairs.length) } = options;
  const trainer: TrainOptions = {
    ...recipe.options,
    epochs,
    seed,
    ...(batchSize !== undefined && { batchSize }),
    ...(learningRate !== undefined && { learningRate }),
  };
  return { temperature, trainer };
}

async function runTraining(
  model: Model,
  data: TrainingData,
  dims: readonly number[],
  { temperature, trainer }: Settings,
  checkpoint: string,
  { resume = false }: Options,
  { report, signal, now }: Context,
): Promise<Model> {
  const loss = infoNce({
    temperature,
    directions: ["anchor-document", "document-anchor"],
    partition: "per-direction",
  });
  const set = pairsAsRetrieval(data.dev);
  // The signal is for the trainer, which saves before it stops.
  const evaluate = async (candidate: Model): Promise<DevScore> => {
    await using encoder = await openEncoder(candidate);
    const run = await runModel(encoder, set, dims[0], { report: () => {}, now });
    const { mean } = scoreRun(run, set.qrels, { measures: ["ndcg@10", "recall@10"] });
    return { score: mean["ndcg@10"], metrics: mean };
  };
  const events = trainModel(model, data.train, {
    ...trainer,
    loss: dims.length > 1 ? matryoshka(loss, dims) : loss,
    ...(data.dev.length > 0 && { evaluate }),
    checkpoint,
    resume,
    signal,
  });
  return trainToEnd(events, (event) => report(toProgress(event)));
}
