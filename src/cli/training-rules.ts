/** Which options of `nearfold train` go together. */
import { NearfoldError } from "../errors.ts";
import { flagOf } from "./command.ts";
import type { TrainCommandOptions } from "./training-options.ts";
import type { TaskFile } from "./training-tasks.ts";

interface Rule {
  readonly of: readonly (keyof TrainCommandOptions)[];
  /** What they do nothing without. */
  readonly wanted: string;
  readonly holds: (options: TrainCommandOptions, paths: readonly string[]) => boolean;
}

const rules: readonly Rule[] = [
  {
    of: [
      "adapter",
      "attention",
      "pooling",
      "lora",
      "dropout",
      "precision",
      "queryPrompt",
      "documentPrompt",
    ],
    wanted: "--base MODEL",
    holds: ({ base }) => base !== undefined,
  },
  { of: ["revision"], wanted: "--base ORG/NAME", holds: ({ base }) => base !== undefined },
  {
    of: ["loraAlpha", "loraTargets"],
    wanted: "--lora RANK",
    holds: ({ lora }) => lora !== undefined,
  },
  {
    of: ["maskToken", "maskShare"],
    wanted: "--objective masked-next-token",
    holds: ({ objective }) => objective === "masked-next-token",
  },
  {
    of: ["weights", "tables"],
    wanted: "all weights trained: no --lora",
    holds: ({ lora }) => lora === undefined,
  },
  {
    of: [
      ...(["tasks", "dev", "sts", "evaluateEvery", "loss", "temperature"] as const),
      ...(["matryoshka", "chunkSize", "weights", "tables"] as const),
    ],
    wanted: "--objective contrastive",
    holds: ({ objective }) => objective === "contrastive",
  },
  {
    of: ["mixtureTemperature"],
    wanted: "several data sets to embed",
    holds: ({ objective, tasks }, paths) =>
      objective === "contrastive" && (tasks !== undefined || paths.length > 1),
  },
];

/** @throws bad-argument for options that don't go together, naming one */
export function checkOptions(paths: readonly string[], options: TrainCommandOptions): void {
  const refuse = (at: string, what: string, wanted: string, got?: string) =>
    new NearfoldError("bad-argument", what, { at, wanted, ...(got !== undefined && { got }) });
  const { objective, tasks, base } = options;
  if (tasks === undefined && paths.length === 0) {
    throw refuse("train", "there is nothing to train on", "PAIRS.jsonl or --tasks FILE");
  }
  if (tasks !== undefined && paths.length > 0) {
    throw refuse("--tasks", "its data sets are all there are", "no other files", paths.join(" "));
  }
  if (objective === "masked-next-token" && base === undefined) {
    throw refuse("--objective", "only a language model can learn this", "--base MODEL", objective);
  }
  for (const { of, wanted, holds } of rules) {
    const idle = of.find((name) => options[name] !== undefined);
    if (idle === undefined || holds(options, paths)) continue;
    throw refuse(flagOf(idle), "it does nothing here", wanted);
  }
}

/** @throws bad-argument for a loss of all that none takes */
export function checkTasks(
  tasks: readonly Pick<TaskFile, "loss">[],
  { loss, temperature }: TrainCommandOptions,
): void {
  const at = loss === undefined ? "--temperature" : "--loss";
  if ((loss ?? temperature) === undefined || tasks.some((task) => !task.loss)) return;
  const wanted = "a task without one";
  throw new NearfoldError("bad-argument", "every task names its loss", { at, wanted });
}
