/** The pairs to train on, and those to measure on. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { inspectPairs, type Pair, readPairs, splitPairs } from "../data/index.ts";
import type { DataRecord } from "../models/model.ts";
import type { Report } from "./progress.ts";
import { type ReadingOptions, readAll } from "./reading.ts";
import { heldOutShare } from "./recipes.ts";

export interface TrainingData {
  readonly train: readonly Pair[];
  /** Empty where there are too few pairs to hold some out. */
  readonly dev: readonly Pair[];
  readonly skipped: number;
  /** The files, for the model's card. */
  readonly records: readonly DataRecord[];
}

export interface TrainingDataOptions extends ReadingOptions {
  readonly dev?: string;
  readonly seed: number;
}

/**
 * Reads the pairs, and holds some out by hash unless a file to measure on is given. What a look at them shows is
 * reported: duplicates, and texts that stand on both sides.
 */
export async function readTrainingData(
  path: string,
  options: TrainingDataOptions,
  report: Report,
): Promise<TrainingData> {
  const { rows, skipped } = await readAll(path, readPairs, options, report);
  const records = [await recordOf(path, rows.length)];
  const { dev, seed } = options;
  if (dev !== undefined) {
    const other = await readAll(dev, readPairs, options, report);
    reportLeaks(dev, rows, other.rows, report);
    return { train: rows, dev: other.rows, skipped: skipped + other.skipped, records };
  }
  const share = heldOutShare(rows.length);
  if (share === 0) {
    const text = `${rows.length} pairs are too few to hold some out: nothing will be measured. --dev names pairs to measure on`;
    report({ type: "note", text, data: { heldOut: 0 } });
    return { train: rows, dev: [], skipped, records };
  }
  const sides = splitPairs(rows, { seed, shares: { train: 1 - share, dev: share } });
  report({
    type: "note",
    text: `${sides.dev.length} of ${rows.length} pairs are held out to measure on`,
    data: { heldOut: sides.dev.length },
  });
  return { train: sides.train, dev: sides.dev, skipped, records };
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

async function recordOf(path: string, rows: number): Promise<DataRecord> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part);
  return { name: basename(path), rows, sha256: hash.digest("hex") };
}
