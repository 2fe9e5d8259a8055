/** What `nearfold plan` may be told. */
import { InvalidArgumentError, Option } from "commander";
import { type Requirements, weightAxis } from "../plan/index.ts";
import { nameList, numberWithin, positiveNumber, wholeNumber } from "./command.ts";
import { type ModelOptions, modelOptions } from "./model-reference.ts";
import { type ReadingOptions, skipBadOption } from "./reading.ts";

export interface PlanOptions extends ModelOptions, ReadingOptions, Requirements {
  readonly data: readonly string[];
  readonly eval: string;
  readonly split: string;
  readonly sts?: string;
  readonly out: string;
  readonly replace?: boolean;
  readonly students?: readonly (number | "static")[];
  readonly weights?: readonly string[];
  readonly maxMinutes?: number;
  readonly teacherCache?: string;
  readonly seed: number;
  readonly pricePerHour: number;
}

/** "3,2,static"; "none" for no students. */
function parseStudents(text: string): readonly (number | "static")[] {
  if (text === "none") return [];
  return nameList(text).map((name) => {
    if (name === "static") return name;
    const count = /^\d{1,4}$/.test(name) ? Number(name) : 0;
    if (count > 0) return count;
    throw new InvalidArgumentError("Not counts of layers, as 3,2,static, or none.");
  });
}

function parseShare(text: string): number {
  const share = numberWithin(0, 1)(text);
  if (share > 0) return share;
  throw new InvalidArgumentError("Not a share above 0.");
}

const requirements: readonly Option[] = [
  new Option(
    "--query-p95-ms <x>",
    "95 of 100 queries are embedded in so many milliseconds, tokenization included",
  ).argParser(positiveNumber),
  new Option(
    "--ram-mb <x>",
    "the model adds no more to a process that answers queries, at its peak",
  ).argParser(positiveNumber),
  new Option("--bytes-per-vector <n>", "an index keeps no more of a vector").argParser(
    wholeNumber(1),
  ),
  new Option("--documents-per-second <x>", "so many documents are embedded at least").argParser(
    positiveNumber,
  ),
  new Option(
    "--keep-quality <x>",
    "so much of the model's nDCG@10 is kept, 0.97; with --sts of Spearman's correlation too",
  ).argParser(parseShare),
];

const tried: readonly Option[] = [
  new Option(
    "--students <list>",
    "counts of layers, and static, as 3,2,static; or none (default: all, where prefixes are untrained, half, a third, static)",
  ).argParser(parseStudents),
  new Option(
    "--weights <list>",
    `some of ${Object.keys(weightAxis).join(", ")} (default: those that suit the processor)`,
  ).argParser(nameList),
  new Option("--max-minutes <x>", "train no student longer (default: three passes)").argParser(
    positiveNumber,
  ),
  new Option(
    "--teacher-cache <folder>",
    "where the model's vectors of the data are kept (default: in nearfold's cache)",
  ),
  new Option("--seed <n>", "same seed, same students").argParser(wholeNumber(0)).default(42),
];

const under = (heading: string, options: readonly Option[]) =>
  options.map((option) => option.helpGroup(heading));

export const planOptions: readonly Option[] = [
  new Option(
    "--data <files...>",
    "texts like those to be embedded, which students learn from; no labels are needed",
  ).makeOptionMandatory(),
  new Option(
    "--eval <folder>",
    "what quality is measured on: corpus.jsonl, queries.jsonl and qrels/",
  ).makeOptionMandatory(),
  new Option("--split <name>", "which of the folder's qrels").default("test"),
  new Option("--sts <file>", "and sentence pairs with scores, as JSONL"),
  new Option("--out <folder>", "folder of the plan; typed again, it goes on").makeOptionMandatory(),
  new Option("--replace", "forget what was built and measured there before"),
  new Option("--price-per-hour <x>", "of a machine as this one, for what documents cost")
    .argParser(numberWithin(0))
    .default(0.1),
  skipBadOption,
  ...modelOptions,
  ...under("What serving must meet:", requirements),
  ...under("What is tried:", tried),
];
