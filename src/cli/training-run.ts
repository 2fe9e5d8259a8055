/** A planned training, run to its end. */
import type { Model } from "../models/model.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  type Task,
  type TrainOptions,
  trainNextToken,
  trainTasks,
  trainToEnd,
} from "../train/index.ts";
import type { Context } from "./command.ts";
import type { TrainingData } from "./training-data.ts";
import type { Objective } from "./training-model.ts";
import type { Plan } from "./training-plan.ts";
import { toProgress } from "./training-progress.ts";
import type { TrainingSet } from "./training-set.ts";
import type { Served } from "./weight-options.ts";

export interface RunOptions {
  readonly objective: Objective;
  readonly maskToken?: string;
  readonly maskShare?: number;
  readonly resume?: boolean;
}

type Judged = Served & RunOptions;

/** Reports what happens; the state of a run that is stopped is saved at `checkpoint`. @throws as `trainTasks`, `trainNextToken` */
export async function runTraining(
  model: Model<Tensor>,
  { sets, judge }: TrainingData,
  { losses, texts, trainer }: Plan,
  { objective, maskToken, maskShare, resume = false, formats, asServed }: Judged,
  checkpoint: string,
  { report, signal }: Context,
): Promise<Model> {
  const options: TrainOptions = {
    ...trainer,
    ...(judge && {
      evaluate: (trained: Model) => judge.evaluate(asServed(trained)),
      evaluateKey: judge.key,
    }),
    ...(formats && { formats }),
    checkpoint,
    resume,
    signal,
  };
  const masking = {
    ...(maskToken !== undefined && { maskToken }),
    ...(maskShare !== undefined && { maskShare }),
  };
  const events =
    objective === "contrastive"
      ? trainTasks(
          model,
          sets.map((set, i) => taskOf(set, losses[i].loss, model)),
          options,
        )
      : trainNextToken(model, texts, { ...options, ...masking });
  return await trainToEnd(events, (event) => report(toProgress(event)));
}

function taskOf(
  { task, needs, rows }: TrainingSet,
  loss: Task["loss"],
  { prompts }: Model<Tensor>,
): Task {
  return { rows, needs, ...(loss && { loss }), prompts: { ...prompts, ...task.prompts } };
}
