/** What `nearfold train` may be told. */
import { Option } from "commander";
import { poolingModes } from "../nn/pooling.ts";
import { precisions } from "../train/index.ts";
import { nameList, numberWithin, positiveNumber, wholeNumber, wholeNumbers } from "./command.ts";
import { type ModelOptions, modelArgument, modelOptions } from "./model-reference.ts";
import { skipBadOption } from "./reading.ts";
import { rateOptions, runOptions } from "./step-options.ts";
import type { TrainingDataOptions } from "./training-data.ts";
import { lossNames } from "./training-loss.ts";
import { archs, objectives, type StartOptions } from "./training-model.ts";
import type { PlanOptions } from "./training-plan.ts";
import type { RunOptions } from "./training-run.ts";
import { type TrainedWeights, trainedWeightOptions } from "./weight-options.ts";

export interface TrainCommandOptions
  extends StartOptions,
    TrainingDataOptions,
    PlanOptions,
    RunOptions,
    TrainedWeights,
    ModelOptions {
  readonly out: string;
  readonly tasks?: string;
  readonly loss?: string;
  readonly replace?: boolean;
}

const model: readonly Option[] = [
  new Option("--base <model>", `begin with ${modelArgument}, instead of from nothing`),
  new Option("--adapter <folder>", "a LoRA adapter of the base (PEFT's), merged into it first"),
  new Option("--arch <name>", "what to begin from nothing")
    .choices(Object.keys(archs))
    .default("static")
    .conflicts("base"),
  new Option("--dims <n>", "width of the vectors (default: 256)")
    .argParser(wholeNumber(2))
    .conflicts("base"),
  new Option("--vocab-size <n>", "tokens of a new tokenizer, at most")
    .argParser(wholeNumber(1))
    .default(20_000)
    .conflicts("base"),
  new Option(
    "--attention <kind>",
    "of a decoder: what each token sees (default: the base's; bidirectional for masked-next-token)",
  ).choices(["causal", "bidirectional"]),
  new Option("--pooling <mode>", "of token vectors (default: the base's)").choices(poolingModes),
  new Option("--max-tokens <n>", "longer texts are cut").argParser(wholeNumber(1)),
  new Option("--query-prompt <text>", "put before each query, as an instruction"),
  new Option("--document-prompt <text>", "put before each document"),
];

const adapters: readonly Option[] = [
  new Option("--lora <rank>", "freeze the base and train low-rank adapters").argParser(
    wholeNumber(1),
  ),
  new Option("--lora-alpha <x>", "they count alpha / rank (default: 2 * rank)").argParser(
    positiveNumber,
  ),
  new Option(
    "--lora-targets <list>",
    "layers, as q_proj,v_proj (default: all linear ones)",
  ).argParser(nameList),
];

const objective: readonly Option[] = [
  new Option(
    "--objective <name>",
    "masked-next-token: teach a decoder to see both sides, before it is trained to embed",
  )
    .choices(objectives)
    .default("contrastive"),
  new Option("--mask-token <token>", "stands for a masked one (default: [MASK], <mask> or _)"),
  new Option("--mask-share <x>", "of the tokens (default: 0.2)").argParser(numberWithin(0.01, 1)),
  new Option(
    "--loss <name>",
    `or JSON, as '{"name": "contrastive", "margin": 0.5}' (default: InfoNCE in both directions): ${lossNames.join(", ")}`,
  ).conflicts("temperature"),
  new Option("--temperature <x>", "of InfoNCE; lower looks harder at near misses").argParser(
    positiveNumber,
  ),
  new Option(
    "--matryoshka <list>",
    "widths to train for, as 256,128,64 (default: halves)",
  ).argParser(wholeNumbers),
  new Option(
    "--mixture-temperature <x>",
    "of data sets: above 1, small ones come more often",
  ).argParser(numberWithin(0.01)),
];

const schedule: readonly Option[] = [
  new Option("--epochs <n>", "passes over the data (default: fewer for more rows)").argParser(
    wholeNumber(1),
  ),
  new Option("--batch-size <n>", "rows a step; the others of a batch are the negatives").argParser(
    wholeNumber(2),
  ),
  ...rateOptions(),
  new Option(
    "--precision <type>",
    "of the products with weights; int8 is faster, and beside --lora holds the base as codes (default: float32)",
  ).choices(precisions),
  new Option("--dropout", "drop out as the base's config says"),
  ...runOptions(),
];

/** Those that are other commands' too stay without a heading. */
const under = (heading: string, options: readonly Option[]) =>
  options.map((option) => option.helpGroup(heading));

export const trainOptions: readonly Option[] = [
  new Option("--out <folder>", "folder of the model").makeOptionMandatory(),
  new Option(
    "--tasks <file>",
    'several data sets: a JSON list of {"data", "loss"?, "prompts"?: {"query", "document"}, "name"?}',
  ),
  new Option(
    "--dev <file>",
    "pairs to choose the best step by (default: some are held out, by hash)",
  ).conflicts("sts"),
  new Option("--sts <file>", "or sentence pairs with scores: Spearman's correlation"),

  new Option("--resume", "go on where a run to the same folder was stopped"),
  new Option("--replace", "replace what is at --out"),
  skipBadOption,
  ...modelOptions,
  ...under("The model that is begun with:", model),
  ...under("Adapters:", adapters),
  ...under("What it is saved as:", trainedWeightOptions),
  ...under("What is learnt:", objective),
  ...under("Steps:", schedule),
];
