/** A data set that was read for its loss. */
import { hashFile } from "../data/hash-file.ts";
import { type PairOptions, type Row, readPairs, readRows } from "../data/index.ts";
import { type Needs, requireRow } from "../losses/index.ts";
import type { DataRecord } from "../models/model.ts";
import { rowsAsRead } from "../train/token-batches.ts";
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
  const record = { name: task.name, rows: rows.length, sha256: await hashFile(task.path) };
  return { task, needs, rows, skipped, record };
}

/** All texts of the rows, as often as they occur. */
export function textsOf(sets: readonly TrainingSet[]): readonly string[] {
  return sets.flatMap(({ rows }) =>
    rows.flatMap(({ anchor, positive, negatives }) =>
      positive === undefined ? [anchor, ...negatives] : [anchor, positive, ...negatives],
    ),
  );
}

/** Says what of the rows is not read, which is easily overlooked: scores, where the loss is one of plain pairs, and hard negatives. */
export function reportUnread(set: TrainingSet, report: Report): void {
  reportLabels(set, report);
  reportNegatives(set, report);
}

function reportLabels({ task: { name }, needs, rows }: TrainingSet, report: Report): void {
  const labels = rows.filter(({ label }) => label !== undefined && typeof label !== "object");
  if (needs.label || labels.length === 0) return;
  const text = `${name}: ${labels.length} rows have a label, which this loss does not read: --loss names one that does`;
  report({ type: "note", text, data: { unreadLabels: labels.length } });
}

function reportNegatives({ task: { name }, needs, rows }: TrainingSet, report: Report): void {
  const read = rowsAsRead({ rows, needs });
  const unread = rows.filter(({ negatives }, i) => negatives.length > read[i].negatives.length);
  if (unread.length === 0) return;
  const count = read[0].negatives.length;
  const poorest = rows.findIndex(({ negatives }) => negatives.length === count);
  const full = poorest < 0 || needs.texts.most <= 2 + count;
  const why = full ? "the loss takes no more" : `row ${poorest + 1} has ${count}`;
  const text = `${name}: ${count} negatives a row are read, and ${unread.length} rows have more: ${why}`;
  report({ type: "note", text, data: { unreadNegatives: unread.length } });
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
