/** What a row of the training data must hold for a loss: checked row by row, before anything is trained. */
import { NearfoldError } from "../errors.ts";
import { show } from "./options.ts";

/** Whole numbers up to here are themselves in float32. */
const MOST_CLASS = 2 ** 24;

const isNumber = (value: unknown): value is number => Number.isFinite(value);

/** What a label is, by kind. */
export const labelKinds = {
  class: {
    wanted: "a class as a whole number",
    fits: (value) => Number.isInteger(value) && Math.abs(value as number) <= MOST_CLASS,
  },
  binary: { wanted: "1 (belongs) or 0", fits: (value) => value === 0 || value === 1 },
  cosine: {
    wanted: "a similarity from -1 to 1",
    fits: (value) => isNumber(value) && Math.abs(value) <= 1,
  },
  score: { wanted: "a similarity, more is closer", fits: isNumber },
  /** Of the positive, then of each hard negative; any scale that the loss and its teacher share. */
  "candidate-scores": {
    wanted: "a teacher's scores of the positive and each hard negative",
    fits: (value, texts) =>
      Array.isArray(value) && value.length === texts - 1 && value.every(isNumber),
  },
} as const satisfies Record<
  string,
  { wanted: string; fits: (value: unknown, texts: number) => boolean }
>;

export type LabelKind = keyof typeof labelKinds;

export interface Needs {
  /** Texts of a row: 1 is a text alone, 2 a pair, more a pair with hard negatives. */
  readonly texts: { readonly least: number; readonly most: number };
  /** @default none is read */
  readonly label?: LabelKind;
  /** A teacher's embedding of the anchor, at least, or of all texts of the row. @default none is read */
  readonly teacher?: "anchor" | "all";
}

/** What a row of the data holds. */
export interface RowContents {
  readonly texts: number;
  readonly label?: unknown;
  /** Texts that have a teacher's embedding, the anchor first. @default 0 */
  readonly taught?: number;
}

/** `a pair of texts or more; label: 1 (belongs) or 0`. */
export function describeNeeds({ texts, label, teacher }: Needs): string {
  const parts = [describeTexts(texts)];
  if (label) parts.push(`label: ${labelKinds[label].wanted}`);
  if (teacher) parts.push(`a teacher's embedding of ${teacher === "all" ? "each" : "the anchor"}`);
  return parts.join("; ");
}

/**
 * @param at file and line
 * @throws bad-input for a row that does not hold what the loss needs
 */
export function requireRow(needs: Needs, { texts, label, taught = 0 }: RowContents, at: string) {
  const refuse = (what: string, got: string, wanted: string) =>
    new NearfoldError("bad-input", what, { at, got, wanted });
  const { least, most } = needs.texts;
  if (texts < least || texts > most) {
    throw refuse("the loss takes other rows", countOf(texts), describeNeeds(needs));
  }
  const kind = needs.label && labelKinds[needs.label];
  if (kind && !kind.fits(label, texts)) {
    const got = label === undefined ? "none" : show(label);
    throw refuse("the label is not what the loss reads", got, kind.wanted);
  }
  const teach = { anchor: 1, all: texts };
  if (needs.teacher && taught < teach[needs.teacher]) {
    throw refuse("the row lacks a teacher's embeddings", `${taught}`, `${teach[needs.teacher]}`);
  }
}

/** What a row must hold for all of these losses. @throws bad-argument where they contradict each other */
export function joinNeeds(all: readonly Needs[], at: string): Needs {
  const least = Math.max(...all.map(({ texts }) => texts.least));
  const most = Math.min(...all.map(({ texts }) => texts.most));
  const labels = [...new Set(all.flatMap(({ label }) => label ?? []))];
  if (least > most || labels.length > 1) {
    throw new NearfoldError("bad-argument", "no row of data fits all of these losses", {
      at,
      got: all.map(describeNeeds).join(" | "),
      wanted: "as many texts and one kind of label",
    });
  }
  const teachers = all.flatMap(({ teacher }) => teacher ?? []);
  return {
    texts: { least, most },
    ...(labels.length > 0 && { label: labels[0] }),
    ...(teachers.length > 0 && { teacher: teachers.includes("all") ? "all" : "anchor" }),
  };
}

const countOf = (texts: number) => (texts === 1 ? "1 text" : `${texts} texts`);

function describeTexts({ least, most }: Needs["texts"]): string {
  const names = ["", "a text", "a pair of texts", "a pair and a hard negative"];
  const some = names[least] ?? countOf(least);
  return most > least ? `${some}, or more` : some;
}
