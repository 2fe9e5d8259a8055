/** What is trained for what, in which steps: what was asked for, and else the recipe. */
import { NearfoldError } from "../errors.ts";
import { widthOf } from "../models/head.ts";
import type { Model } from "../models/model.ts";
import type { LoraConfig } from "../nn/lora.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TrainOptions } from "../train/index.ts";
import { halves, type Recipe } from "./recipes.ts";
import { type NamedLoss, symmetricInfoNce, withPrefixes } from "./training-loss.ts";
import type { Objective } from "./training-model.ts";
import { type TrainingSet, textsOf } from "./training-set.ts";

/** Options of the trainer under their own names. */
const passedOn = [
  "batchSize",
  "chunkSize",
  "learningRate",
  "warmup",
  "weightDecay",
  "dropout",
  "precision",
  "mixtureTemperature",
  "evaluateEvery",
] as const satisfies readonly (keyof TrainOptions)[];

export interface PlanOptions extends Pick<TrainOptions, (typeof passedOn)[number]> {
  readonly base?: string;
  readonly objective: Objective;
  readonly temperature?: number;
  readonly matryoshka?: readonly number[];
  readonly epochs?: number;
  readonly seed: number;
  readonly lora?: number;
  readonly loraAlpha?: number;
  readonly loraTargets?: readonly string[];
}

export interface Plan {
  /** What the model's vectors may be cut to, the full width first. */
  readonly dims: readonly number[];
  /** One for each data set; none where the objective is another. */
  readonly losses: readonly NamedLoss[];
  /** What masked tokens are predicted in, each once; none where the objective is another. */
  readonly texts: readonly string[];
  readonly trainer: TrainOptions;
}

/** @throws bad-argument for widths that the model does not have, or that its losses train already */
export function planOf(
  { model, recipe }: { readonly model: Model<Tensor>; readonly recipe: Recipe },
  sets: readonly TrainingSet[],
  loss: NamedLoss | undefined,
  options: PlanOptions,
): Plan {
  const isMasked = options.objective === "masked-next-token";
  const texts = isMasked ? [...new Set(textsOf(sets))] : [];
  const rows = isMasked ? texts.length : sets.reduce((sum, set) => sum + set.rows.length, 0);
  const { epochs = recipe.epochs(rows), seed, temperature = recipe.temperature } = options;
  const lora = loraOf(options);
  const asked = passedOn.flatMap((name) =>
    options[name] === undefined ? [] : [[name, options[name]] as const],
  );
  const trainer: TrainOptions = {
    ...recipe.options,
    ...Object.fromEntries(asked),
    epochs,
    seed,
    ...(lora && { lora }),
  };
  if (isMasked) return { dims: [widthOf(model)], losses: [], texts, trainer };
  const named = sets.map(({ task }) => task.loss ?? loss ?? symmetricInfoNce(temperature));
  const dims = prefixDims(model, named, options);
  const losses = named.map((one) => withPrefixes(one, dims));
  return { dims: trainedDims(dims, losses), losses, texts, trainer };
}

function loraOf({ lora: rank, loraAlpha, loraTargets }: PlanOptions): LoraConfig | undefined {
  if (rank === undefined) return undefined;
  const all = loraTargets === undefined || `${loraTargets}` === "all-linear";
  return { rank, alpha: loraAlpha ?? 2 * rank, targets: all ? "all-linear" : loraTargets };
}

/** The widths to put around losses that have none of their own, the full one first. */
function prefixDims(
  model: Model<Tensor>,
  losses: readonly NamedLoss[],
  { matryoshka: wanted, base }: PlanOptions,
): readonly number[] {
  const refuse = (what: string, got: string, wanted: string) =>
    new NearfoldError("bad-argument", what, { at: "--matryoshka", got, wanted });
  const own = losses.find(({ prefixes }) => prefixes);
  if (wanted && own) {
    throw refuse("a loss has widths of its own", own.text, "one or the other");
  }
  const full = widthOf(model);
  const dims = wanted ?? (base === undefined ? halves(full) : model.card.dims);
  const sorted = [...new Set([full, ...dims])].sort((a, b) => b - a);
  if (sorted[0] === full) return sorted;
  throw refuse("the vectors are not that wide", dims.join(","), `at most ${full}`);
}

/** Those that every data set trains. */
function trainedDims([full]: readonly number[], losses: readonly NamedLoss[]): readonly number[] {
  const common = losses
    .map(({ prefixes = [] }) => new Set(prefixes))
    .reduce((all, some) => all.intersection(some));
  return [full, ...[...common].filter((dim) => dim < full).sort((a, b) => b - a)];
}
