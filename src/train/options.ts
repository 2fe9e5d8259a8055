import { NearfoldError } from "../errors.ts";
import { infoNce } from "../losses/info-nce.ts";
import type { Loss } from "../losses/loss.ts";
import type { Model } from "../models/model.ts";
import type { LoraConfig } from "../nn/lora.ts";
import type { WeightFormats } from "../nn/weight-format.ts";
import type { Decay } from "../optim/schedule.ts";
import type { SubwordOptions } from "./subword-table.ts";

/** The score of a model on data it was not trained on; more is better. */
export interface DevScore {
  readonly score: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** What products of a training step are computed in. */
export const precisions = ["float32", "int8"] as const;

export type Precision = (typeof precisions)[number];

export interface TrainOptions {
  /** @default symmetric InfoNCE at temperature 0.05 */
  readonly loss?: Loss;
  /** Passes over the pairs. @default 1 */
  readonly epochs?: number;
  /** Pairs a step. @default 32 */
  readonly batchSize?: number;
  /** Sequences encoded at once; a batch of more goes through gradient caching. @default 1024 */
  readonly chunkSize?: number;
  /** The peak. @default 2e-5 */
  readonly learningRate?: number;
  /** Share of the steps over which the rate rises. @default 0.1 */
  readonly warmup?: number;
  /** @default "linear" */
  readonly decay?: Decay;
  /** @default 0.01 */
  readonly weightDecay?: number;
  /** Global gradient norm; 0 turns clipping off. @default 1 */
  readonly clip?: number;
  /** Apply the dropout rates of the model's config. @default false */
  readonly dropout?: boolean;
  /**
   * Of the products with the weights of linear layers. int8: rows and weights are rounded in each step, which is faster and nearly the same; beside adapters, where the weights are frozen, they are
   * rounded once. @default "float32"
   */
  readonly precision?: Precision;
  /** Freeze the model and train low-rank adapters, which are merged at the end. @default train every weight */
  readonly lora?: LoraConfig;
  /**
   * Quantization-aware training of all weights: they are floats that move, and each step sees them as these formats round them. `evaluate` is given the floats.
   * @default all are read as they are
   */
  readonly formats?: WeightFormats;
  /** Keep equal texts out of each other's batches. @default true */
  readonly noDuplicates?: boolean;
  /** Train the token table as words plus hashed character n-grams (static models). @default off */
  readonly subwords?: SubwordOptions;
  /**
   * Of several data sets, one of `n` batches is drawn in proportion to `n^(1/temperature)`.
   * @default 1: in proportion to size
   */
  readonly mixtureTemperature?: number;
  /** @default 42 */
  readonly seed?: number;
  /** Scores the model as it stands; called every `evaluateEvery` steps and after the last. @default never */
  readonly evaluate?: (model: Model) => Promise<DevScore>;
  /** Of what `evaluate` judges by, as a hash of its data: a checkpoint of a run that was judged by another is refused. @default none */
  readonly evaluateKey?: string;
  /** Steps between evaluations. @default once an epoch */
  readonly evaluateEvery?: number;
  /** Stop after so many evaluations without a better score. @default never */
  readonly patience?: number;
  /**
   * Seconds after which it ends: the learning rate falls to 0 by then, so how far it gets, and with it the result, depends on the
   * machine. @default only the steps count
   */
  readonly maxSeconds?: number;
  /** Folder for the state of the run, so that it can be resumed. @default none */
  readonly checkpoint?: string;
  /** Steps between checkpoints. @default 500 */
  readonly checkpointEvery?: number;
  /** Go on from the checkpoint, if there is one. @default false */
  readonly resume?: boolean;
  /** Saves a checkpoint and stops. */
  readonly signal?: AbortSignal;
}

export type Settings = Required<Omit<TrainOptions, Optional>> & Pick<TrainOptions, Optional>;

type Optional =
  | "lora"
  | "formats"
  | "subwords"
  | "evaluate"
  | "evaluateKey"
  | "evaluateEvery"
  | "patience"
  | "maxSeconds"
  | "checkpoint"
  | "signal";

/** The loss of a run that names none: both directions, as in the CLI. */
export const defaultLoss = (temperature = 0.05): Loss =>
  infoNce({
    temperature,
    directions: ["anchor-document", "document-anchor"],
    partition: "per-direction",
  });

const atLeast = {
  epochs: 1,
  batchSize: 2,
  chunkSize: 1,
  learningRate: 0,
  warmup: 0,
  weightDecay: 0,
  clip: 0,
  seed: 0,
  mixtureTemperature: 0.01,
  evaluateEvery: 1,
  patience: 1,
  maxSeconds: 0,
  checkpointEvery: 1,
} as const satisfies Partial<Record<keyof TrainOptions, number>>;

const whole = new Set([
  "epochs",
  "batchSize",
  "chunkSize",
  "seed",
  "evaluateEvery",
  "patience",
  "checkpointEvery",
]);

/** Fills in the defaults. @throws bad-argument, naming the option */
export function withDefaults(options: TrainOptions): Settings {
  for (const [name, least] of Object.entries(atLeast)) {
    const value = options[name as keyof typeof atLeast];
    if (value === undefined) continue;
    const fits =
      Number.isFinite(value) && value >= least && !(whole.has(name) && !Number.isInteger(value));
    if (fits && !(name === "warmup" && value > 1)) continue;
    throw new NearfoldError("bad-argument", `${name} makes no sense`, {
      got: `${value}`,
      wanted:
        name === "warmup"
          ? "a share between 0 and 1"
          : `${whole.has(name) ? "a whole number" : "a number"} of at least ${least}`,
    });
  }
  if (options.formats && options.lora) {
    const [got, wanted] = ["lora and formats", "one of them"];
    const what = "adapters are added to weights that are not rounded";
    throw new NearfoldError("bad-argument", what, { got, wanted });
  }
  const { precision } = options;
  if (precision !== undefined && !precisions.includes(precision)) {
    const [got, wanted] = [`${precision}`, precisions.join(" or ")];
    throw new NearfoldError("bad-argument", "precision makes no sense", { got, wanted });
  }
  return {
    loss: defaultLoss(),
    epochs: 1,
    batchSize: 32,
    chunkSize: 1024,
    learningRate: 2e-5,
    warmup: 0.1,
    decay: "linear",
    weightDecay: 0.01,
    clip: 1,
    dropout: false,
    precision: "float32",
    noDuplicates: true,
    mixtureTemperature: 1,
    seed: 42,
    checkpointEvery: 500,
    resume: false,
    ...options,
  };
}
