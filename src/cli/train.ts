import { rm } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { saveModel } from "../models/save.ts";
import type { CommandSpec } from "./command.ts";
import { modelFolder, modelName } from "./model-reference.ts";
import { requireFreeRun } from "./output.ts";
import { readTrainingData } from "./training-data.ts";
import { lossOption } from "./training-loss.ts";
import { adaptedBase, newModel } from "./training-model.ts";
import { type TrainCommandOptions, trainOptions } from "./training-options.ts";
import { planOf } from "./training-plan.ts";
import { cardOf, trainingOutcome } from "./training-result.ts";
import { checkOptions, checkTasks } from "./training-rules.ts";
import { runTraining } from "./training-run.ts";
import { textsOf } from "./training-set.ts";
import { readTasks, taskFiles } from "./training-tasks.ts";
import { servedAs } from "./weight-options.ts";

/** Data sets in, a model folder out. */
export const train: CommandSpec<TrainCommandOptions> = {
  name: "train",
  summary: "Train an embedding model on texts that belong together, from nothing or from any base",
  arguments: [
    [
      "[pairs...]",
      'JSONL of {"anchor", "positive", "negatives"?} or {"query", "document"}, with "label" or "score" where the loss reads one; or .tsv',
    ],
  ],
  options: trainOptions,
  examples: [
    "nearfold train pairs.jsonl --out model/",
    "nearfold train pairs.jsonl --out model/ --dims 512 --matryoshka 512,128,32 --dev dev.jsonl",
    "nearfold train pairs.jsonl --base sentence-transformers/all-MiniLM-L6-v2 --out my-model/",
    "nearfold train pairs.jsonl --base HuggingFaceTB/SmolLM2-135M --lora 16 --attention bidirectional --pooling mean --out my-llm-embedder/",
    "nearfold train texts.jsonl --base HuggingFaceTB/SmolLM2-135M --objective masked-next-token --lora 16 --out two-sided/",
    "nearfold train scored.jsonl --base my-model/ --loss cosent --sts sts-dev.jsonl --out my-model-2/",
    "nearfold train pairs.jsonl --base my-model/ --weights int8 --out my-model-int8/",
    "nearfold train --tasks tasks.json --base my-model/ --mixture-temperature 2 --out my-model-2/",
  ],
  run: async (paths, options, context) => {
    checkOptions(paths, options);
    const { out, base: reference, tasks: list } = options;
    const loss = options.loss === undefined ? undefined : lossOption(options.loss);
    const checkpoint = await requireFreeRun(out, options);
    const tasks = list === undefined ? taskFiles(paths) : await readTasks(list);
    checkTasks(tasks, options);
    const data = await readTrainingData(tasks, loss, options, context);
    const folder = reference && (await modelFolder(reference, options, context));
    const name = basename(resolve(out));
    const start = folder
      ? await adaptedBase(folder, options)
      : newModel(name, textsOf(data.sets), options);
    const plan = planOf(start, data.sets, loss, options);
    const served = servedAs(start.model, options);
    const run = { ...options, ...served };
    const learnt = await runTraining(start.model, data, plan, run, checkpoint, context);
    const trained = served.asServed(learnt);
    const measured = await data.judge?.measure(trained);
    const base = folder && (await baseName(folder, options));
    const result = { data, plan, options, ...(base && { base }), ...(measured && { measured }) };
    const model = { ...trained, name, card: cardOf(trained, result) };
    await saveModel(out, model, { replace: options.replace ?? false });
    await rm(checkpoint, { recursive: true, force: true });
    return trainingOutcome(result);
  },
};

/**
 * "org/base", or with an adapter merged into it "org/base + adapter". Adapters that are trained on top of one are saved as one with it, which belongs to the
 * base alone.
 */
async function baseName(folder: string, { adapter, lora }: TrainCommandOptions): Promise<string> {
  const name = await modelName(folder);
  if (adapter === undefined || lora !== undefined) return name;
  return `${name} + ${basename(resolve(adapter))}`;
}
