/** What came of a merge, for the card and for the person. */
import type { Model } from "../models/model.ts";
import type { Outcome } from "./command.ts";
import { table } from "./table.ts";
import { versionsNow } from "./version.ts";

/** A mixture that was measured. */
export interface Trial {
  /** Places in the list of models. */
  readonly models: readonly number[];
  readonly score: number;
  readonly kept: boolean;
}

interface Result {
  readonly out: string;
  readonly method: string;
  readonly measure: string;
  readonly references: readonly string[];
  /** Of each model alone. */
  readonly scores: readonly number[];
  /** Place of the best model alone. */
  readonly best: number;
  readonly accepted: boolean;
  readonly trials: readonly Trial[];
}

/**
 * The mixture with what its card should say of how it was made.
 * @param names of the models, by what was typed: where they lie on somebody's disk is no matter of the card's
 */
export function withResult(
  model: Model,
  names: ReadonlyMap<string, string>,
  metrics: Readonly<Record<string, number>>,
): Model {
  const versions = versionsNow();
  const { merged, ...lineage } = model.card.lineage;
  const models = merged?.models.map((part) => ({
    ...part,
    name: names.get(part.name) ?? part.name,
  }));
  const made = merged && models && { merged: { ...merged, models } };
  return { ...model, card: { ...model.card, lineage: { ...lineage, ...made, versions, metrics } } };
}

export function mergeOutcome(result: Result): Outcome {
  const { out, method, measure, references, scores, best, accepted } = result;
  const trials = result.trials.map((trial) => ({
    ...trial,
    models: trial.models.map((place) => references[place]),
  }));
  const rows = [
    ...references.map((reference, i) => [reference, scores[i].toFixed(4), ""]),
    ...trials.map(({ models, score, kept }) => [
      models.join(" + "),
      score.toFixed(4),
      kept ? "kept" : "left out",
    ]),
  ];
  const alone = `${references[best]} ${scores[best].toFixed(4)}`;
  const written = trials.findLast(({ kept }) => kept);
  const reached = Math.max(...trials.map(({ score }) => score)).toFixed(4);
  return {
    json: {
      ...{ out, method, measure, accepted, score: written?.score ?? scores[best] },
      best: { model: references[best], score: scores[best] },
      models: references.map((model, i) => ({ model, score: scores[i] })),
      trials,
    },
    text: [
      table(["model", measure, ""], rows),
      accepted && written
        ? `${out} is ${written.models.join(" + ")}: ${method} scored ${written.score.toFixed(4)}, ${alone}`
        : `kept ${references[best]}: ${method} scored ${reached}, ${alone}; ${out} is a copy of ${references[best]}`,
      "These figures chose the model, so they flatter it: measure it on other data",
      `Next: nearfold eval ${out} --pairs test.jsonl`,
    ].join("\n"),
  };
}
