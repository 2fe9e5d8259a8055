/** What came of a training: the model's card, and what is said of it. */
import { basename, join, resolve } from "node:path";
import type { Model } from "../models/model.ts";
import type { Outcome } from "./command.ts";
import type { TrainingData } from "./training-data.ts";
import type { Measured } from "./training-judge.ts";
import type { TrainCommandOptions } from "./training-options.ts";
import type { Plan } from "./training-plan.ts";
import { versionsNow } from "./version.ts";

export interface Result {
  readonly data: TrainingData;
  readonly plan: Plan;
  readonly options: TrainCommandOptions;
  /** What the card calls the base. @default none */
  readonly base?: string;
  /** Absent where nothing was held out. */
  readonly measured?: Measured;
}

/** The model's card, with where it comes from and what was measured. */
export function cardOf(
  { card }: Pick<Model, "card">,
  { data, plan, options, base, measured }: Result,
): Model["card"] {
  const { seed } = plan.trainer;
  return {
    ...card,
    dims: plan.dims,
    lineage: {
      ...(base !== undefined && { base }),
      data: data.sets.map(({ record }) => record),
      losses: lossTexts(data, plan),
      ...(seed !== undefined && { seed }),
      training: settingsOf(data, plan, options),
      versions: versionsNow(),
      metrics: measured?.means ?? {},
    },
  };
}

/** One where all data sets have the same; else each with its set. */
function lossTexts({ sets }: TrainingData, { losses }: Plan): readonly string[] {
  const texts = losses.map(({ text }) => text);
  if (new Set(texts).size < 2) return texts.slice(0, 1);
  return texts.map((text, i) => `${sets[i].task.name}: ${text}`);
}

/** Whatever was set, in the words of the options. */
function settingsOf(
  { sets }: TrainingData,
  { trainer }: Plan,
  options: TrainCommandOptions,
): Readonly<Record<string, number | string | boolean>> {
  const { objective, adapter, attention, pooling, maskToken, maskShare, weights, tables } = options;
  const { lora, epochs, batchSize, learningRate, warmup, weightDecay, dropout } = trainer;
  const { mixtureTemperature, precision } = trainer;
  const targets = lora && [lora.targets].flat().join(", ");
  const settings = {
    ...{ objective, epochs, batchSize, learningRate, warmup, weightDecay, dropout, precision },
    ...(sets.length > 1 && { mixtureTemperature }),
    ...{ attention, pooling, maskToken, maskShare, weights, tables },
    adapter: adapter && basename(resolve(adapter)),
    lora: lora && `rank ${lora.rank}, alpha ${lora.alpha}, ${targets}`,
  };
  const known = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(known);
}

/** What the command says at the end. */
export function trainingOutcome({ data, plan, options, measured }: Result): Outcome {
  const { out, objective, lora } = options;
  const { sets, heldOut, skipped } = data;
  const rows = sets.reduce((sum, set) => sum + set.rows.length, 0);
  const alone = ` Its adapters alone are in ${join(out, "adapter")}, for PEFT.`;
  const again = `${lora === undefined ? "" : ` --lora ${lora}`} --out embedder/`;
  const next =
    objective === "contrastive"
      ? `nearfold index documents.jsonl --model ${out} --store index/`
      : `nearfold train pairs.jsonl --base ${out}${again}`;
  return {
    json: { out, objective, pairs: rows, heldOut, skipped, dims: plan.dims, ...measured?.json },
    text: [
      ...(measured?.text ?? []),
      `The model is in ${out}.${lora === undefined ? "" : alone}`,
      `Next: ${next}`,
    ].join("\n"),
  };
}
