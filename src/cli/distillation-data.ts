/** The texts that a student learns from, and those that it is judged by. */
import { basename } from "node:path";
import { hashFile } from "../data/hash-file.ts";
import {
  type Pair,
  type RoledText,
  readPairs,
  readTexts,
  someSentences,
  splitByHash,
} from "../data/index.ts";
import type { DataRecord, Model } from "../models/model.ts";
import type { Context } from "./command.ts";
import { type ReadingOptions, readAll } from "./reading.ts";

export interface DistillationDataOptions extends ReadingOptions {
  readonly data: readonly string[];
  readonly sentences: number;
  readonly seed: number;
}

export interface DistillationData {
  readonly texts: readonly RoledText[];
  /** Not trained on; none where there are too few texts. */
  readonly heldOut: readonly RoledText[];
  /** Rows of all files that were left out. */
  readonly skipped: number;
  /** For the student's card. */
  readonly records: readonly DataRecord[];
}

/** Of the neighbours of fewer texts there is nothing to say. */
const LEAST_HELD_OUT = 12;
/** Agreement costs the square of it. */
const MOST_HELD_OUT = 500;

/**
 * Reads all files, each text once; some are held out by hash. Where no prompt tells queries from documents, all are documents. Some
 * sentences of a document are texts too, on its side of the split: they are what queries look like.
 * @throws not-found, bad-input naming file and line
 */
export async function readDistillationData(
  options: DistillationDataOptions,
  { prompts }: Pick<Model, "prompts">,
  { report }: Context,
): Promise<DistillationData> {
  const roles = prompts.query !== prompts.document;
  const whole: RoledText[] = [];
  const records: DataRecord[] = [];
  let skipped = 0;
  for (const path of options.data) {
    const read = await readAll(path, readTexts, options, report);
    for (const { text, role } of read.rows) whole.push({ text, role: roles ? role : "document" });
    skipped += read.skipped;
    records.push({ name: basename(path), rows: read.rows.length, sha256: await hashFile(path) });
  }
  const all = distinct(whole);
  const dev = Math.min(0.1, MOST_HELD_OUT / all.length);
  const shares = { train: 1 - dev, dev };
  const sideOf = (text: RoledText) => splitByHash(keyOf(text), { seed: options.seed, shares });
  const { train = [], dev: held = [] } = Object.groupBy(all, sideOf);
  const sentencesOf = (texts: readonly RoledText[]) =>
    texts.flatMap(({ text, role }): RoledText[] =>
      role === "query"
        ? []
        : someSentences(text, options.sentences).map((sentence) => ({
            text: sentence,
            role: roles ? "query" : role,
          })),
    );
  if (held.length >= LEAST_HELD_OUT) {
    const heldOut = distinct([...held, ...sentencesOf(held)]).slice(0, 2 * MOST_HELD_OUT);
    const known = new Set(heldOut.map(keyOf));
    const texts = distinct([...train, ...sentencesOf(train)]).filter(
      (text) => !known.has(keyOf(text)),
    );
    return { texts, heldOut, skipped, records };
  }
  const text = `${all.length} texts are too few to hold some out: agreement with the teacher will not be measured`;
  report({ type: "note", text, data: { heldOut: 0 } });
  return { texts: distinct([...all, ...sentencesOf(all)]), heldOut: [], skipped, records };
}

const keyOf = ({ text, role }: RoledText) => `${role}\0${text}`;

const distinct = (texts: readonly RoledText[]): readonly RoledText[] => [
  ...new Map(texts.map((text) => [keyOf(text), text])).values(),
];

/** The pairs with hard negatives of all files, for an objective that compares them. @throws as `readPairs` */
export async function readCandidates(
  options: DistillationDataOptions,
  { report }: Context,
): Promise<readonly Pair[]> {
  const all: Pair[] = [];
  for (const path of options.data) {
    const { rows } = await readAll(path, readPairs, options, report);
    for (const row of rows) all.push(row);
  }
  return all;
}
