/** Files of training pairs. */
import { extname } from "node:path";
import { NearfoldError } from "../errors.ts";
import { findField, parseFilledText, parseObject, show, type TextBound } from "./fields.ts";
import { readJsonl, readRows } from "./jsonl.ts";
import type { Line, LineOptions } from "./lines.ts";

/** Two texts that belong together, and texts that look alike but do not belong to the anchor (hard negatives). */
export interface Pair {
  readonly anchor: string;
  readonly positive: string;
  readonly negatives: readonly string[];
}

/**
 * The spellings of a pair's fields that public data sets use: sentence-transformers (anchor, positive, negative),
 * its question-answer sets, BEIR-like sets (query, document), FlagEmbedding (query, pos, neg: lists).
 * `positive` may be a list: each of its texts makes a pair. `negatives` is a text or a list, or stands in columns
 * `negative_1`, `negative_2`, … (sentence-transformers' mined triplets).
 */
export const pairFields = {
  anchor: ["anchor", "query", "question"],
  positive: ["positive", "pos", "document", "passage", "answer"],
  negatives: ["negatives", "negative", "neg"],
} as const;

export interface PairOptions extends LineOptions, TextBound {}

const WANTED =
  '{"anchor", "positive", "negatives"?}, {"query", "document"} or ["anchor", "positive", "negative"…]';

/**
 * Pairs from `.jsonl` (objects with `pairFields`, or lists `[anchor, positive, negative…]`) or `.tsv` (the same
 * columns, with or without a first line that names them; no quoting).
 * @throws bad-input naming file and line: an empty side, a field that is missing or no text; too-large for a text
 * over the bound. With `onBad` such rows are left out.
 */
export async function* readPairs(path: string, options: PairOptions = {}): AsyncGenerator<Pair> {
  const extension = extname(path).toLowerCase();
  if (!Object.hasOwn(formats, extension)) {
    throw new NearfoldError("unsupported", "not a kind of pair file that is known", {
      at: path,
      got: extension === "" ? "no extension" : extension,
      wanted: Object.keys(formats).join(", "),
    });
  }
  const rows = formats[extension as keyof typeof formats](path, options);
  for await (const pairs of rows) yield* pairs;
}

const readJsonPairs = (path: string, options: PairOptions) =>
  readJsonl(path, (value, at) => parsePairs(value, at, options), options);

const formats = {
  ".jsonl": readJsonPairs,
  ".ndjson": readJsonPairs,
  ".json": readJsonPairs,
  ".tsv": readTsvPairs,
} as const;

/** The pairs of one row: one for each positive. @throws bad-input, too-large. */
export function parsePairs(value: unknown, at: string, bound: TextBound = {}): readonly Pair[] {
  const row = Array.isArray(value) ? columnsOf(value, at) : parseObject(value, at, WANTED);
  const anchor = findField(row, pairFields.anchor, at);
  const positive = findField(row, pairFields.positive, at);
  const negatives = findField(gatherNumbered(row), pairFields.negatives, at);
  if (anchor === undefined || positive === undefined) {
    throw new NearfoldError("bad-input", `no ${anchor === undefined ? "anchor" : "positive"}`, {
      at,
      got: show(row),
      wanted: WANTED,
    });
  }
  const text = parseFilledText(anchor.value, anchor.name, at, bound);
  const others = parseTexts(negatives?.value ?? [], negatives?.name ?? "", at, bound);
  const matches = parseTexts(positive.value, positive.name, at, bound);
  if (matches.length === 0) {
    throw new NearfoldError("bad-input", `"${positive.name}" is an empty list`, { at });
  }
  return matches.map((match) => ({ anchor: text, positive: match, negatives: others }));
}

async function* readTsvPairs(path: string, options: PairOptions): AsyncGenerator<readonly Pair[]> {
  let header: readonly string[] | undefined;
  const parse = ({ text, at }: Line): readonly Pair[] | undefined => {
    const cells = text.split("\t");
    const first = header === undefined;
    header ??= namesOf(cells) ?? [];
    if (header.length === 0) return parsePairs(cells, at, options);
    return first ? undefined : parsePairs(namedRow(header, cells, at), at, options);
  };
  yield* readRows(path, parse, options);
}

/** The column names, where the first line of a table holds nothing else. */
function namesOf(cells: readonly string[]): readonly string[] | undefined {
  const known: readonly string[] = Object.values(pairFields).flat();
  const names = cells.map((cell) => cell.trim().toLowerCase());
  const named = names.every((name) => known.includes(name) || NUMBERED.test(name));
  return names.length > 1 && named && new Set(names).size === names.length ? names : undefined;
}

function namedRow(names: readonly string[], cells: readonly string[], at: string) {
  if (cells.length === names.length) {
    return Object.fromEntries(names.map((name, i) => [name, cells[i]]));
  }
  throw new NearfoldError("bad-input", "another number of columns than the first line", {
    at,
    got: String(cells.length),
    wanted: String(names.length),
  });
}

/** The row, its numbered negatives as one list. */
function gatherNumbered(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const numbered = Object.keys(row).filter((name) => NUMBERED.test(name) && row[name] !== null);
  if (numbered.length === 0) return row;
  const [name] = pairFields.negatives.filter((name) => !Object.hasOwn(row, name));
  return { ...row, [name]: numbered.map((name) => row[name]) };
}

const NUMBERED = /^negative_\d+$/;

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
