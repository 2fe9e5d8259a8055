/** Labelled pairs of records: the Magellan data sets in Ditto's layout (https://github.com/megagonlabs/ditto). */
import { scoreBinary } from "../src/evaluate/index.ts";
import { shared } from "../test/shared.ts";
import { readZip } from "./zip.ts";

/** Every set of the archive that has a train, a valid and a test split, and is not a dirtied copy of another. */
export const entitySets = {
  "abt-buy": "Textual/Abt-Buy",
  "amazon-google": "Structured/Amazon-Google",
  beer: "Structured/Beer",
  "dblp-acm": "Structured/DBLP-ACM",
  "fodors-zagats": "Structured/Fodors-Zagats",
  "itunes-amazon": "Structured/iTunes-Amazon",
  "walmart-amazon": "Structured/Walmart-Amazon",
} as const;

export type EntitySetName = keyof typeof entitySets;

export const splits = ["train", "valid", "test"] as const;

export interface EntityPair {
  readonly left: string;
  readonly right: string;
  /** 1 where both are the same thing. */
  readonly label: number;
}

export type EntitySet = Readonly<Record<(typeof splits)[number], readonly EntityPair[]>>;

/** How a record `COL name VAL value …` becomes a text. */
export const serializations = {
  /** The values alone. */
  values: (record: string) =>
    fieldsOf(record)
      .map(([, value]) => value)
      .filter((value) => value !== "")
      .join(" "),
  /** "name: value" for each. */
  named: (record: string) =>
    fieldsOf(record)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `${name.replaceAll("_", " ")}: ${value}`)
      .join(", "),
} as const satisfies Record<string, (record: string) => string>;

export type SerializationName = keyof typeof serializations;

let archive: ReturnType<typeof readZip> | undefined;

export async function readEntitySet(name: EntitySetName): Promise<EntitySet> {
  archive ??= readZip(shared("data/entity-resolution/er_magellan.zip"));
  const files = await archive;
  const read = (split: string): EntityPair[] =>
    files.get(`data/er_magellan/${entitySets[name]}/${split}.txt`)!()
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => {
        const [left, right, label] = line.split("\t");
        return { left, right, label: Number(label) };
      });
  return { train: read("train"), valid: read("valid"), test: read("test") };
}

/** F1 of the pairs that score above a threshold. */
export function f1At(scores: readonly number[], labels: readonly number[], threshold: number) {
  let [hits, called, all] = [0, 0, 0];
  scores.forEach((score, i) => {
    if (score > threshold) called++;
    if (labels[i] === 1) all++;
    if (score > threshold && labels[i] === 1) hits++;
  });
  return called + all === 0 ? 0 : (2 * hits) / (called + all);
}

/** The threshold of the best F1 where it may be looked for. */
export function bestThreshold(scores: readonly number[], labels: readonly number[]): number {
  return scoreBinary(scores, labels).bestF1.threshold;
}

function fieldsOf(record: string): readonly (readonly [name: string, value: string])[] {
  return record
    .split(/(?:^|\s)COL\s/)
    .slice(1)
    .map((part) => {
      const [name, ...value] = part.split(/\sVAL(?:\s|$)/);
      return [name.trim(), value.join(" ").trim()] as const;
    });
}
