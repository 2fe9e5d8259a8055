/** Everything that a plan is made from, read and checked before anything is built. */
import { readTexts } from "../data/index.ts";
import { NearfoldError } from "../errors.ts";
import { loadModel, type Model } from "../models/index.ts";
import { type Evaluation, FEW_QUERIES, hashFile, readEvaluation } from "../plan/index.ts";
import type { Context } from "./command.ts";
import { type Machine, readMachine } from "./machine.ts";
import { modelFolder } from "./model-reference.ts";
import type { PlanOptions } from "./plan-options.ts";
import { readAll } from "./reading.ts";

export interface PlanInputs {
  /** As it was typed. */
  readonly reference: string;
  readonly folder: string;
  readonly model: Model;
  readonly evaluation: Evaluation;
  readonly machine: Machine;
  /** SHA-256 of the files of texts. */
  readonly hashes: readonly string[];
  readonly texts: readonly string[];
}

/** @throws as the readers; bad-input where the data has no texts. Nothing is written. */
export async function readPlanInputs(
  reference: string,
  options: PlanOptions,
  context: Context,
): Promise<PlanInputs> {
  const { split, sts } = options;
  const evaluation = await readEvaluation({
    folder: options.eval,
    split,
    ...(sts !== undefined && { sts }),
  });
  sayFewQueries(evaluation, context);
  const texts = await readData(options, context);
  const folder = await modelFolder(reference, options, context);
  const model = await loadModel(folder);
  const hashes = await Promise.all(options.data.map(hashFile));
  return { reference, folder, model, evaluation, machine: await readMachine(), hashes, texts };
}

async function readData(options: PlanOptions, { report }: Context): Promise<readonly string[]> {
  const texts = new Set<string>();
  for (const path of options.data) {
    const { rows } = await readAll(path, readTexts, options, report);
    for (const { text } of rows) texts.add(text);
  }
  if (texts.size > 0) return [...texts];
  throw new NearfoldError("bad-input", "there are no texts to learn from", {
    at: options.data.join(", "),
    wanted: "texts like those that will be embedded",
  });
}

function sayFewQueries({ set }: Evaluation, { report }: Context): void {
  if (set.queries.size >= FEW_QUERIES) return;
  const text = `Warning: ${set.queries.size} queries are too few to tell candidates apart: intervals will be wide, and most differences chance`;
  report({ type: "note", text, data: { warning: "few queries", queries: set.queries.size } });
}
