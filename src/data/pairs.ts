/** Files of training pairs. */
import { extname } from "node:path";
import { NearfoldError } from "../errors.ts";
import { show, type TextBound } from "./fields.ts";
import { readJsonl, readRows as readLinesAs } from "./jsonl.ts";
import type { Line, LineOptions } from "./lines.ts";
import { NUMBERED, parseRows, type Row, rowFields, WANTED } from "./row.ts";

/** Two texts that belong together, and texts that look alike but do not belong to the anchor (hard negatives). */
export interface Pair extends Row {
  readonly positive: string;
}

export interface PairOptions extends LineOptions, TextBound {
  /** Throws a `bad-input` that begins with `at` for a row that is not what the reader wants: as any other bad row. @default takes all */
  readonly check?: (row: Row, at: string) => void;
}

/**
 * Pairs from `.jsonl` (objects with `rowFields`, or lists `[anchor, positive, negative…]`) or `.tsv` (the same
 * columns, with or without a first line that names them; no quoting).
 * @throws bad-input naming file and line: an empty side, a field that is missing or no text; too-large for a text
 * over the bound. With `onBad` such rows are left out.
 */
export async function* readPairs(path: string, options: PairOptions = {}): AsyncGenerator<Pair> {
  yield* readWith(parsePairs, path, options);
}

/** The same files, whose rows may also be single texts: what a loss of labelled texts is trained on. */
export async function* readRows(path: string, options: PairOptions = {}): AsyncGenerator<Row> {
  yield* readWith(parseRows, path, options);
}

type Parse<R extends Row> = (value: unknown, at: string, bound?: TextBound) => readonly R[];

async function* readWith<R extends Row>(
  parse: Parse<R>,
  path: string,
  options: PairOptions,
): AsyncGenerator<R> {
  const extension = extname(path).toLowerCase();
  if (!Object.hasOwn(formats, extension)) {
    throw new NearfoldError("unsupported", "not a kind of pair file that is known", {
      at: path,
      got: extension === "" ? "no extension" : extension,
      wanted: Object.keys(formats).join(", "),
    });
  }
  const { check } = options;
  const parseChecked: Parse<R> = (value, at, bound) => {
    const rows = parse(value, at, bound);
    if (check) for (const row of rows) check(row, at);
    return rows;
  };
  const rows = formats[extension as keyof typeof formats](path, parseChecked, options);
  for await (const found of rows) yield* found;
}

const readJson = <R extends Row>(path: string, parse: Parse<R>, options: PairOptions) =>
  readJsonl(path, (value, at) => parse(value, at, options), options);

const formats = {
  ".jsonl": readJson,
  ".ndjson": readJson,
  ".json": readJson,
  ".tsv": readTsv,
} as const;

/** The pairs of one row: one for each positive. @throws bad-input, too-large. */
export function parsePairs(value: unknown, at: string, bound: TextBound = {}): readonly Pair[] {
  const rows = parseRows(value, at, bound);
  if (rows.every((row) => row.positive !== undefined)) return rows as readonly Pair[];
  throw new NearfoldError("bad-input", "no positive", { at, got: show(value), wanted: WANTED });
}

async function* readTsv<R extends Row>(
  path: string,
  parseOne: Parse<R>,
  options: PairOptions,
): AsyncGenerator<readonly R[]> {
  let header: readonly string[] | undefined;
  const parse = ({ text, at }: Line): readonly R[] | undefined => {
    const cells = text.split("\t");
    const first = header === undefined;
    header ??= namesOf(cells) ?? [];
    if (header.length === 0) return parseOne(cells, at, options);
    return first ? undefined : parseOne(namedRow(header, cells, at), at, options);
  };
  yield* readLinesAs(path, parse, options);
}

/** The column names, where the first line of a table holds nothing else. */
function namesOf(cells: readonly string[]): readonly string[] | undefined {
  const known: readonly string[] = Object.values(rowFields).flat();
  const names = cells.map((cell) => cell.trim().toLowerCase());
  const named = names.every((name) => known.includes(name) || NUMBERED.test(name));
  return names.length > 1 && named && new Set(names).size === names.length ? names : undefined;
}

/** Cells by the names that the first line gives their columns. @throws bad-input for another number of them */
export function namedRow(names: readonly string[], cells: readonly string[], at: string) {
  if (cells.length === names.length) {
    return Object.fromEntries(names.map((name, i) => [name, cells[i]]));
  }
  throw new NearfoldError("bad-input", "another number of columns than the first line", {
    at,
    got: String(cells.length),
    wanted: String(names.length),
  });
}
