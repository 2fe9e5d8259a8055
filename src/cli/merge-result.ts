/** What came of a merge, for the card and for the person. */
import type { Model } from "../models/model.ts";
import { runtimeVersion } from "../runtime/version.ts";
import type { Outcome } from "./command.ts";
import { table } from "./table.ts";
import { packageVersion } from "./version.ts";

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
  readonly folders: readonly string[];
  /** Of each model alone. */
  readonly scores: readonly number[];
  /** Place of the best model alone. */
  readonly best: number;
  readonly accepted: boolean;
  readonly trials: readonly Trial[];
}

/** The mixture with what its card should say of how it was made. */
export function withResult(model: Model, measure: string, score: number): Model {
  const versions = {
    nearfold: packageVersion(),
    "onnxruntime-node": runtimeVersion(),
    node: process.versions.node,
  };
  const lineage = { ...model.card.lineage, versions, metrics: { [measure]: score } };
  return { ...model, card: { ...model.card, lineage } };
}

export function mergeOutcome(result: Result): Outcome {
  const { out, method, measure, folders, scores, best, accepted } = result;
  const trials = result.trials.map((trial) => ({
    ...trial,
    models: trial.models.map((place) => folders[place]),
  }));
  const rows = [
    ...folders.map((folder, i) => [folder, scores[i].toFixed(4), ""]),
    ...trials.map(({ models, score, kept }) => [
      models.join(" + "),
      score.toFixed(4),
      kept ? "kept" : "left out",
    ]),
  ];
  const alone = `${folders[best]} ${scores[best].toFixed(4)}`;
  const written = trials.findLast(({ kept }) => kept);
  const reached = Math.max(...trials.map(({ score }) => score)).toFixed(4);
  return {
    json: {
      ...{ out, method, measure, accepted, score: written?.score ?? scores[best] },
      best: { model: folders[best], score: scores[best] },
      models: folders.map((model, i) => ({ model, score: scores[i] })),
      trials,
    },
    text: [
      table(["model", measure, ""], rows),
      accepted && written
        ? `${out} is ${written.models.join(" + ")}: ${method} scored ${written.score.toFixed(4)}, ${alone}`
        : `kept ${folders[best]}: ${method} scored ${reached}, ${alone}; ${out} is a copy of ${folders[best]}`,
      "These figures chose the model, so they flatter it: measure it on other data",
      `Next: nearfold eval ${out} --pairs test.jsonl`,
    ].join("\n"),
  };
}
