/** The rows to train on, and what to judge by. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  inspectPairs,
  type Pair,
  type PairOptions,
  type Row,
  readPairs,
  readRows,
  splitPairs,
} from "../data/index.ts";
import { type Needs, requireRow } from "../losses/index.ts";
import type { DataRecord } from "../models/model.ts";
import type { Context } from "./command.ts";
import { readScored } from "./dev-set.ts";
import type { Report } from "./progress.ts";
import { type ReadingOptions, readAll } from "./reading.ts";
import { heldOutShare } from "./recipes.ts";
import { type Judge, judgeByPairs, judgeBySts } from "./training-judge.ts";
import { type NamedLoss, pairNeeds } from "./training-loss.ts";
import type { Objective } from "./training-model.ts";
import type { TaskFile } from "./training-tasks.ts";

export interface TrainingSet {
  readonly task: TaskFile;
  readonly needs: Needs;
  readonly rows: readonly Row[];
}

export interface TrainingData {
  readonly sets: readonly TrainingSet[];
  /** Absent where nothing is measured. */
  readonly judge?: Judge;
  /** Pairs that were not trained on but measured. */
  readonly heldOut: number;
  readonly skipped: number;
  /** The files, for the model's card. */
  readonly records: readonly DataRecord[];
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
  const { objective } = options;
  const sets: TrainingSet[] = [];
  const records: DataRecord[] = [];
  let skipped = 0;
  for (const task of tasks) {
    const needs =
      objective === "contrastive" ? ((task.loss ?? loss)?.needs ?? pairNeeds) : anyTexts;
    const found = await readAll(task.path, readerOf(needs), options, context.report);
    sets.push({ task, needs, rows: found.rows });
    records.push(await recordOf(task, found.rows.length));
    skipped += found.skipped;
    if (objective === "contrastive") reportUnread(task, needs, found.rows, context.report);
  }
  const judged = await chooseJudge(sets, options, context);
  return { ...judged, skipped: skipped + judged.skipped, records };
}

const anyTexts: Needs = { texts: { least: 1, most: Number.POSITIVE_INFINITY } };

/** Reads the rows of a file, each checked. */
function readerOf(needs: Needs) {
  const check = ({ positive, negatives, label }: Row, at: string) => {
    const texts = positive === undefined ? 1 : 2 + negatives.length;
    // A class may have a name.
    const read = needs.label === "class" && typeof label === "string" ? 0 : label;
    requireRow(needs, { texts: Math.min(texts, needs.texts.most), label: read }, at);
  };
  const read = needs.texts.least > 1 ? readPairs : readRows;
  return (path: string, options: PairOptions): AsyncIterable<Row> =>
    read(path, { ...options, check });
}

type Judged = Omit<TrainingData, "records">;

async function chooseJudge(
  sets: readonly TrainingSet[],
  options: TrainingDataOptions,
  context: Context,
): Promise<Judged> {
  const { dev, sts, objective } = options;
  const whole = { sets, heldOut: 0, skipped: 0 };
  if (objective !== "contrastive") return whole;
  if (sts !== undefined) {
    return { ...whole, judge: judgeBySts(await readScored(sts, options, context), context) };
  }
  if (dev === undefined) return holdOut(sets, options, context);
  const { rows, skipped } = await readAll(dev, readPairs, options, context.report);
  const pairs = sets.flatMap((set) => set.rows.filter(isPair));
  reportLeaks(dev, pairs, rows, context.report);
  return { sets, judge: judgeByPairs(rows, context), heldOut: rows.length, skipped };
}

/** Some of the unlabelled pairs; none of those that stay shares a text with them. */
function holdOut(
  sets: readonly TrainingSet[],
  { seed }: TrainingDataOptions,
  context: Context,
): Judged {
  const { report } = context;
  const pairs = sets.flatMap(({ needs, rows }) => (needs.label ? [] : rows.filter(isPair)));
  const without = (why: string): Judged => {
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

/** All texts of the rows, as often as they occur. */
export function textsOf(sets: readonly Pick<TrainingSet, "rows">[]): readonly string[] {
  return sets.flatMap(({ rows }) =>
    rows.flatMap(({ anchor, positive, negatives }) =>
      positive === undefined ? [anchor, ...negatives] : [anchor, positive, ...negatives],
    ),
  );
}

function isPair(row: Row): row is Pair {
  return row.positive !== undefined;
}

/** Scores that a loss of plain pairs trains past are easily overlooked. */
function reportUnread({ name }: TaskFile, needs: Needs, rows: readonly Row[], report: Report) {
  const labels = rows.filter(({ label }) => label !== undefined && typeof label !== "object");
  if (needs.label || labels.length === 0) return;
  const text = `${name}: ${labels.length} rows have a label, which this loss does not read: --loss names one that does`;
  report({ type: "note", text, data: { unreadLabels: labels.length } });
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

async function recordOf({ path, name }: TaskFile, rows: number): Promise<DataRecord> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part);
  return { name, rows, sha256: hash.digest("hex") };
}
