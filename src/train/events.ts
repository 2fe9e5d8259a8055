/** What a run tells while it goes on. The progress bar, the JSON lines and the report read the same stream. */
export type TrainEvent =
  | PreflightEvent
  | StepEvent
  | EvaluationEvent
  | { readonly type: "checkpoint"; readonly step: number; readonly folder: string }
  | DoneEvent;

/** Before the first step: what is about to happen. */
export interface PreflightEvent {
  readonly type: "preflight";
  readonly pairs: number;
  readonly columns: number;
  readonly distinctTexts: number;
  readonly duplicatePairs: number;
  /** Texts longer than the model takes, as a share of all distinct ones. */
  readonly truncatedShare: number;
  readonly tokens: number;
  /** That are trained. */
  readonly parameters: number;
  /** Of the model, trained or not; adapters, which are merged into them, are not counted. */
  readonly modelParameters: number;
  readonly totalSteps: number;
  /** Steps done already, when a run is resumed. */
  readonly resumedFrom: number;
  /** From the time of one step, measured. */
  readonly expectedSeconds: number;
  /** Resident memory after that step. */
  readonly memoryMb: number;
}

export interface StepEvent {
  readonly type: "step";
  /** From 1. */
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Before clipping; absent where clipping is off. */
  readonly gradientNorm?: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

export interface EvaluationEvent {
  readonly type: "evaluation";
  readonly step: number;
  readonly score: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Whether no earlier score was better. */
  readonly best: boolean;
}

export interface DoneEvent {
  readonly type: "done";
  readonly steps: number;
  readonly seconds: number;
  /** The step whose weights were kept. */
  readonly bestStep: number;
  readonly stoppedEarly: boolean;
  readonly finalLoss: number;
}
