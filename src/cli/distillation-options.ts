/** What `nearfold distill` may be told. */
import { InvalidArgumentError, Option } from "commander";
import type { LayerChoice } from "../distill/index.ts";
import { positiveNumber, wholeNumber, wholeNumbers } from "./command.ts";
import type { DistillationDataOptions } from "./distillation-data.ts";
import type { DistillationPlanOptions } from "./distillation-plan.ts";
import type { StudentOptions } from "./distillation-student.ts";
import type { TeacherOptions } from "./distillation-teacher.ts";
import { modelArgument, modelOptions } from "./model-reference.ts";
import { skipBadOption } from "./reading.ts";
import { rateOptions, runOptions } from "./step-options.ts";
import { type TrainedWeights, trainedWeightOptions } from "./weight-options.ts";

export interface DistillOptions
  extends TeacherOptions,
    StudentOptions,
    DistillationDataOptions,
    DistillationPlanOptions,
    TrainedWeights {
  readonly out: string;
  readonly sts?: string;
  readonly dev?: string;
  readonly replace?: boolean;
  readonly resume?: boolean;
}

/** "3" is a count, "0,2,5" are numbers of layers, "0," is one. */
function parseLayerChoice(text: string): LayerChoice {
  const parts = text.split(",").map((part) => part.trim());
  const numbers = (parts.at(-1) === "" && parts.length > 1 ? parts.slice(0, -1) : parts).map(
    (part) => (/^\d{1,4}$/.test(part) ? Number(part) : Number.NaN),
  );
  if (numbers.some(Number.isNaN)) {
    throw new InvalidArgumentError("Not a number of layers, nor a list of them as 0,2,5.");
  }
  return parts.length === 1 ? { count: numbers[0] } : { layers: numbers };
}

const teacher: readonly Option[] = [
  new Option(
    "--teacher-url <url>",
    "a service that embeds, as OpenAI's does: http://HOST:PORT/v1 (its key in NEARFOLD_TEACHER_KEY)",
  ),
  new Option("--teacher-model <name>", "what the service calls the model"),
  new Option(
    "--teacher-cache <folder>",
    "where the teacher's vectors are kept (default: in nearfold's cache, by teacher)",
  ),
];

const student: readonly Option[] = [
  new Option(
    "--layers <n|list>",
    "so many of the teacher's layers, evenly spaced, or those of a list from 0, as 0,2,5",
  ).argParser(parseLayerChoice),
  new Option(
    "--static",
    "or a bag of tokens: what the teacher makes of each, then trained: microseconds a text",
  ).conflicts(["layers", "student"]),
  new Option(
    "--arch <config.json>",
    "or another shape, from nothing, over the teacher's tokenizer",
  ).conflicts(["layers", "student", "static"]),
  new Option("--student <model>", `or ${modelArgument}`).conflicts("layers"),
  new Option("--dims <n>", "width of a static student (default: the teacher's)").argParser(
    wholeNumber(2),
  ),
  new Option(
    "--project",
    "a narrower student gets a dense layer to the teacher's width, to query its index (default: it learns the teacher's principal axes)",
  ),
  new Option("--max-tokens <n>", "longer texts are cut (default: as the teacher's)").argParser(
    wholeNumber(1),
  ),
];

const learnt: readonly Option[] = [
  new Option(
    "--sentences <n>",
    "so many sentences of each document are learnt as texts too: queries look like them",
  )
    .argParser(wholeNumber(0))
    .default(3),
  new Option(
    "--objective <name>",
    'embed-distill, mse, similarity-matrix, relative-ranking; of pairs with hard negatives margin-mse, distill-kl-div; or JSON, as \'{"name": "embed-distill", "distance": "mse"}\' (default: vectors and their similarities)',
  ),
  new Option("--matryoshka <list>", "widths of prefixes that learn the similarities too").argParser(
    wholeNumbers,
  ),
];

const steps: readonly Option[] = [
  new Option("--epochs <n>", "passes over the texts; 0 leaves it as it begins").argParser(
    wholeNumber(0),
  ),
  new Option("--max-minutes <x>", "train no longer: the rate falls to 0 by then").argParser(
    positiveNumber,
  ),
  new Option("--batch-size <n>", "texts a step").argParser(wholeNumber(2)),
  ...rateOptions(),
  ...runOptions(),
];

const under = (heading: string, options: readonly Option[]) =>
  options.map((option) => option.helpGroup(heading));

export const distillOptions: readonly Option[] = [
  new Option(
    "--data <files...>",
    "texts, with or without labels: .txt, or JSONL of documents, pairs, sentence pairs or texts",
  ).makeOptionMandatory(),
  new Option("--out <folder>", "folder of the student").makeOptionMandatory(),
  new Option("--sts <file>", "sentence pairs with scores to choose the best step by").conflicts(
    "dev",
  ),
  new Option("--dev <file>", "or pairs (default: agreement with the teacher on held-out texts)"),
  new Option("--resume", "go on where a run to the same folder was stopped"),
  new Option("--replace", "replace what is at --out"),
  skipBadOption,
  ...modelOptions,
  ...under("The teacher:", teacher),
  ...under("The student:", [...student, ...trainedWeightOptions]),
  ...under("What is learnt:", learnt),
  ...under("Steps:", steps),
];
