/** Training: pairs in, a better model out. */
export { type Task, train, trainTasks } from "./contrastive.ts";
export type {
  DoneEvent,
  EvaluationEvent,
  PreflightEvent,
  StepEvent,
  TrainEvent,
} from "./events.ts";
export { type NewStaticOptions, newStaticModel } from "./from-nothing.ts";
export { type NextTokenTraining, trainNextToken } from "./next-token.ts";
export {
  type DevScore,
  defaultLoss,
  type Precision,
  precisions,
  type TrainOptions,
} from "./options.ts";
export type { SubwordOptions } from "./subword-table.ts";
export { type Training, trainToEnd } from "./trainer.ts";
