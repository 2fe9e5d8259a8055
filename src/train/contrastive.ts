import type { Pair } from "../data/pairs.ts";
import { print } from "../graph/print.ts";
import type { Loss } from "../losses/loss.ts";
import { widthOf } from "../models/head.ts";
import type { Model } from "../models/model.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { GradientComputer } from "./gradients.ts";
import { type Encoding, lossGraph } from "./graphs.ts";
import { type TrainOptions, withDefaults } from "./options.ts";
import { type TaskData, tokenBatches } from "./token-batches.ts";
import { runToEnd, type Training } from "./trainer.ts";

/** One data set of a mixture. */
export interface Task extends TaskData {
  /** @default the run's */
  readonly loss?: Loss;
}

/** `trainTasks` of one data set. */
export function train(
  model: Model<Tensor>,
  pairs: readonly Pair[],
  options: TrainOptions = {},
): Training {
  return trainTasks(model, [{ rows: pairs }], options);
}

/**
 * Adapts a model to pairs by contrastive learning, every batch of one data set. Yields what happens, and returns the model with its
 * best weights (the last, where nothing is evaluated), as floats. The model given is left as it was; beside adapters its weights may be codes.
 * @throws bad-argument, bad-input before the first step; not-finite naming step and tensor; aborted after saving a checkpoint
 */
export async function* trainTasks(
  model: Model<Tensor>,
  tasks: readonly Task[],
  options: TrainOptions = {},
): Training {
  const settings = withDefaults(options);
  const plan = tokenBatches(model, tasks, settings);
  const objectives = tasks.map(({ loss = settings.loss, needs }, task) => ({
    loss,
    // Rows with labels may share texts.
    identity: !settings.noDuplicates || needs?.label !== undefined,
    ...plan.shapes[task],
  }));
  const width = widthOf(model);
  const objective = {
    gradients: (encoding: Encoding) => new GradientComputer(encoding, objectives, settings),
    text: objectives.map((one) => print(lossGraph(one, width))).join(),
  };
  return yield* runToEnd(model, plan, objective, tasks, settings);
}
