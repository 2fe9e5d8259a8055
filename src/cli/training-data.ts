/** The rows to train on, and what to judge by. */
import { inspectPairs, type Pair, type Row, readPairs, splitPairs } from "../data/index.ts";
import type { Context } from "./command.ts";
import { readScored } from "./dev-set.ts";
import type { Report } from "./progress.ts";
import { type ReadingOptions, readAll } from "./reading.ts";
import { heldOutShare } from "./recipes.ts";
import { type Judge, judgeByPairs, judgeBySts } from "./training-judge.ts";
import { type NamedLoss, pairNeeds } from "./training-loss.ts";
import type { Objective } from "./training-model.ts";
import { anyTexts, readTrainingSet, reportUnread, type TrainingSet } from "./training-set.ts";
import type { TaskFile } from "./training-tasks.ts";

export interface TrainingData {
  readonly sets: readonly TrainingSet[];
  /** Absent where nothing is measured. */
  readonly judge?: Judge;
  /** Pairs that were not trained on but measured. */
  readonly heldOut: number;
  /** Rows of all files that were left out. */
  readonly skipped: number;
}

export interface TrainingDataOptions extends ReadingOptions {
  readonly dev?: string;
  readonly sts?: string;
  readonly objective: Objective;
  readonly seed: number;
}

/**
 * Reads the data sets, each row as its loss needs it, and what to judge by: a file, or else pairs held out by hash. What a look at them
 * shows is reported: duplicates, and texts that stand on both sides.
 * @throws not-found, bad-input naming file and line
 */
export async function readTrainingData(
  tasks: readonly TaskFile[],
  loss: NamedLoss | undefined,
  options: TrainingDataOptions,
  context: Context,
): Promise<TrainingData> {
  const { report } = context;
  const isContrastive = options.objective === "contrastive";
  const sets: TrainingSet[] = [];
  for (const task of tasks) {
    const needs = isContrastive ? ((task.loss ?? loss)?.needs ?? pairNeeds) : anyTexts;
    const set = await readTrainingSet(task, needs, options, report);
    if (isContrastive) reportUnread(set, report);
    sets.push(set);
  }
  const judged = isContrastive
    ? await chooseJudge(sets, options, context)
    : { sets, heldOut: 0, skipped: 0 };
  const skipped = sets.reduce((sum, set) => sum + set.skipped, judged.skipped);
  return { ...judged, skipped };
}

/** `skipped` is of the file to measure on. */
async function chooseJudge(
  sets: readonly TrainingSet[],
  options: TrainingDataOptions,
  context: Context,
): Promise<TrainingData> {
  const { dev, sts } = options;
  if (sts !== undefined) {
    const judge = judgeBySts(await readScored(sts, options, context), context);
    return { sets, judge, heldOut: 0, skipped: 0 };
  }
  if (dev === undefined) return holdOut(sets, options, context);
  const { rows, skipped } = await readAll(dev, readPairs, options, context.report);
  const pairs = sets.flatMap((set) => set.rows.filter(isPair));
  reportLeaks(dev, pairs, rows, context.report);
  return { sets, judge: judgeByPairs(rows, context), heldOut: rows.length, skipped };
}

/** Some of the unlabelled pairs; none of the pairs that stay shares a text with them. */
function holdOut(
  sets: readonly TrainingSet[],
  { seed }: TrainingDataOptions,
  context: Context,
): TrainingData {
  const { report } = context;
  const pairs = sets.flatMap(({ needs, rows }) => (needs.label ? [] : rows.filter(isPair)));
  const without = (why: string): TrainingData => {
    const text = `${why}: nothing will be measured. --dev names pairs to measure on, --sts scored sentences`;
    report({ type: "note", text, data: { heldOut: 0 } });
    return { sets, heldOut: 0, skipped: 0 };
  };
  if (pairs.length === 0) return without("labelled rows are not held out");
  const share = heldOutShare(pairs.length);
  if (share === 0) return without(`${pairs.length} pairs are too few to hold some out`);
  const { dev } = splitPairs(pairs, { seed, shares: { train: 1 - share, dev: share } });
  if (dev.length === 0 || dev.length > pairs.length / 2) {
    return without("the pairs share too many texts to hold some out");
  }
  const text = `${dev.length} of ${pairs.length} pairs are held out to measure on`;
  report({ type: "note", text, data: { heldOut: dev.length } });
  const out = new Set<Row>(dev);
  return {
    sets: sets.map((set) => ({ ...set, rows: set.rows.filter((row) => !out.has(row)) })),
    judge: judgeByPairs(dev, context),
    heldOut: dev.length,
    skipped: 0,
  };
}

function isPair(row: Row): row is Pair {
  return row.positive !== undefined;
}

function reportLeaks(
  path: string,
  train: readonly Pair[],
  dev: readonly Pair[],
  report: Report,
): void {
  const { leaks } = inspectPairs(train, dev);
  if (leaks.anchors === 0 && leaks.positives === 0) return;
  report({
    type: "note",
    text: `${path}: ${leaks.anchors} anchors and ${leaks.positives} positives of ${dev.length} pairs are in the training pairs too: figures on them say little`,
    data: { leaks },
  });
}
