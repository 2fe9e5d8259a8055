/** Contrastive training: pairs in, a better model out. */
export type {
  DoneEvent,
  EvaluationEvent,
  PreflightEvent,
  StepEvent,
  TrainEvent,
} from "./events.ts";
export { type NewStaticOptions, newStaticModel } from "./from-nothing.ts";
export { type DevScore, defaultLoss, type TrainOptions } from "./options.ts";
export type { SubwordOptions } from "./subword-table.ts";
export { type Task, train, trainTasks, trainToEnd } from "./trainer.ts";
