/** Everything that a plan is made from, read and checked before anything is built. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { readTexts } from "../data/index.ts";
import { requireFreeFolder, writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { sequence, shuffle } from "../graph/rng.ts";
import { loadModel, type Model } from "../models/index.ts";
import { type Evaluation, FEW_QUERIES, hashFile, readEvaluation } from "../plan/index.ts";
import type { Context } from "./command.ts";
import { type Machine, readMachine } from "./machine.ts";
import { modelFolder } from "./model-reference.ts";
import { requireWritable } from "./output.ts";
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
  /** Texts drawn from the data: quantization is judged by them. */
  readonly calibration: string;
  /** Where builds and measurements are kept. */
  readonly work: string;
}

/** What says that a folder is a plan's. */
const MARK = "plan-folder.json";
/** As `nearfold quantize` takes by itself. */
const CALIBRATION = 256;

/** @throws as the readers; bad-input where the data has no texts; exists for a place that is taken */
export async function readPlanInputs(
  reference: string,
  options: PlanOptions,
  context: Context,
): Promise<PlanInputs> {
  const { out, split, sts, seed } = options;
  await requireFreeFolder(out, { replace: MARK });
  await requireWritable(join(out, MARK));
  const evaluation = await readEvaluation({
    folder: options.eval,
    split,
    ...(sts !== undefined && { sts }),
  });
  sayFewQueries(evaluation, context);
  const texts = await readData(options, context);
  const folder = await modelFolder(reference, options, context);
  const model = await loadModel(folder);
  if (options.replace) await rm(out, { recursive: true, force: true });
  const work = join(out, "work");
  await mkdir(work, { recursive: true });
  await writeDurably(join(out, MARK), `${JSON.stringify({ version: 1 })}\n`);
  const calibration = join(work, "calibration.jsonl");
  const drawn = shuffle([...texts], sequence(seed)).slice(0, CALIBRATION);
  await writeDurably(calibration, drawn.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const hashes = await Promise.all(options.data.map(hashFile));
  const machine = await readMachine();
  return { reference, folder, model, evaluation, machine, hashes, calibration, work };
}

async function readData(
  options: PlanOptions,
  { report }: Context,
): Promise<readonly string[]> {
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
