/** A data set that was read for its loss. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type PairOptions, type Row, readPairs, readRows } from "../data/index.ts";
import { type Needs, requireRow } from "../losses/index.ts";
import type { DataRecord } from "../models/model.ts";
import type { Report } from "./progress.ts";
import { type ReadingOptions, readAll } from "./reading.ts";
import type { TaskFile } from "./training-tasks.ts";

export interface TrainingSet {
  readonly task: TaskFile;
  readonly needs: Needs;
  readonly rows: readonly Row[];
  /** Rows of the file that were left out. */
  readonly skipped: number;
  /** For the model's card. */
  readonly record: DataRecord;
}

/** What any row holds. */
export const anyTexts: Needs = { texts: { least: 1, most: Number.POSITIVE_INFINITY } };

/** @throws not-found, bad-input naming file and line, also for a row that does not hold what is needed */
export async function readTrainingSet(
  task: TaskFile,
  needs: Needs,
  options: ReadingOptions,
  report: Report,
): Promise<TrainingSet> {
  const { rows, skipped } = await readAll(task.path, readerOf(needs), options, report);
  return { task, needs, rows, skipped, record: await recordOf(task, rows.length) };
}

/** All texts of the rows, as often as they occur. */
export function textsOf(sets: readonly TrainingSet[]): readonly string[] {
  return sets.flatMap(({ rows }) =>
    rows.flatMap(({ anchor, positive, negatives }) =>
      positive === undefined ? [anchor, ...negatives] : [anchor, positive, ...negatives],
    ),
  );
}

/** Says that a loss of plain pairs reads no labels where there are some: scores are easily overlooked. */
export function reportUnread({ task: { name }, needs, rows }: TrainingSet, report: Report): void {
  const labels = rows.filter(({ label }) => label !== undefined && typeof label !== "object");
  if (needs.label || labels.length === 0) return;
  const text = `${name}: ${labels.length} rows have a label, which this loss does not read: --loss names one that does`;
  report({ type: "note", text, data: { unreadLabels: labels.length } });
}

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

async function recordOf({ path, name }: TaskFile, rows: number): Promise<DataRecord> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part);
  return { name, rows, sha256: hash.digest("hex") };
}
