/** One row of a training set. */
import { NearfoldError } from "../errors.ts";
import { findField, parseFilledText, parseObject, show, type TextBound } from "./fields.ts";

/** Texts that a loss compares, and what is known of them. */
export interface Row {
  readonly anchor: string;
  /** What stands beside the anchor; absent for a labelled text. */
  readonly positive?: string;
  readonly negatives: readonly string[];
  /** A class, a similarity, or a teacher's scores of the positive and each negative: what the loss says it needs. */
  readonly label?: Label;
}

export type Label = number | string | readonly number[];

/**
 * The spellings of a row's fields that public data sets use: sentence-transformers (anchor, positive, negative; sentence1,
 * sentence2, score), its question-answer sets, BEIR-like sets (query, document), FlagEmbedding (query, pos, neg: lists), and
 * classified texts (text, label). `positive` may be a list: each of its texts makes a row. `negatives` is a text or a list, or
 * stands in columns `negative_1`, `negative_2`, … (sentence-transformers' mined triplets).
 */
export const rowFields = {
  anchor: ["anchor", "query", "question", "sentence1", "text"],
  positive: ["positive", "pos", "document", "passage", "answer", "sentence2"],
  negatives: ["negatives", "negative", "neg"],
  label: ["label", "score", "scores"],
} as const;

export const WANTED =
  '{"anchor", "positive", "negatives"?}, {"query", "document"} or ["anchor", "positive", "negative"…]';

/** The rows of one object or list: one for each positive. @throws bad-input, too-large. */
export function parseRows(value: unknown, at: string, bound: TextBound = {}): readonly Row[] {
  const row = Array.isArray(value) ? columnsOf(value, at) : parseObject(value, at, WANTED);
  const anchor = findField(row, rowFields.anchor, at);
  const positive = findField(row, rowFields.positive, at);
  const negatives = findField(gatherNumbered(row), rowFields.negatives, at);
  const label = findField(row, rowFields.label, at);
  if (anchor === undefined) {
    throw new NearfoldError("bad-input", "no anchor", { at, got: show(row), wanted: WANTED });
  }
  const fields = {
    anchor: parseFilledText(anchor.value, anchor.name, at, bound),
    negatives: parseTexts(negatives?.value ?? [], negatives?.name ?? "", at, bound),
    ...(label && { label: parseLabel(label.value, label.name, at) }),
  };
  if (positive === undefined) return [fields];
  const matches = parseTexts(positive.value, positive.name, at, bound);
  if (matches.length > 0) return matches.map((match) => ({ ...fields, positive: match }));
  throw new NearfoldError("bad-input", `"${positive.name}" is an empty list`, { at });
}

function parseLabel(value: unknown, name: string, at: string): Label {
  const isNumber = (entry: unknown) => typeof entry === "number" && Number.isFinite(entry);
  if (typeof value === "string" && value.trim() !== "") {
    return Number.isFinite(Number(value)) ? Number(value) : value;
  }
  if (isNumber(value)) return value as number;
  if (Array.isArray(value) && value.length > 0 && value.every(isNumber)) return value as number[];
  throw new NearfoldError("bad-input", `"${name}" is no label`, {
    at,
    got: show(value),
    wanted: "a number, a name of a class, or a list of numbers",
  });
}

/** The row, its numbered negatives as one list. */
function gatherNumbered(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const numbered = Object.keys(row).filter((name) => NUMBERED.test(name) && row[name] !== null);
  if (numbered.length === 0) return row;
  const [name] = rowFields.negatives.filter((name) => !Object.hasOwn(row, name));
  return { ...row, [name]: numbered.map((name) => row[name]) };
}

export const NUMBERED = /^negative_\d+$/;

function columnsOf(cells: readonly unknown[], at: string): Record<string, unknown> {
  if (cells.length < 2) {
    throw new NearfoldError("bad-input", "too few columns", {
      at,
      got: String(cells.length),
      wanted: "anchor, positive, and perhaps negatives",
    });
  }
  const [anchor, positive, ...negatives] = cells;
  return { anchor, positive, negatives };
}

function parseTexts(value: unknown, name: string, at: string, bound: TextBound): string[] {
  const texts = Array.isArray(value) ? value : [value];
  return texts.map((text) => parseFilledText(text, name, at, bound));
}
