/** Tables as text: the first record names the columns. */
import { parse } from "csv-parse/sync";
import { quote, type ScannedLine, scanLines } from "../../data/lines.ts";
import { NearfoldError } from "../../errors.ts";
import {
  attemptRow,
  requireColumns,
  type Source,
  type SourceOptions,
  type SourceRow,
  toDocument,
} from "../source.ts";
import { sizeOf } from "./lines.ts";

/** Bytes of one record, the lines within its quotes counted. */
const MAX_RECORD_BYTES = 16 * 2 ** 20;
const MAX_COLUMNS = 10_000;

/** Comma-separated values as RFC 4180 has them: quotes around what holds commas and line ends, doubled within. */
export const csv: Source = (path, options = {}) =>
  rowsOfTable(path, options, csvCells, records(path));

/** Tab-separated values: no quoting, a record a line. */
export const tsv: Source = (path, options = {}) =>
  rowsOfTable(path, options, tsvCells, lines(path));

/** A record as it stands in the file, or what is wrong with it. */
type RawRecord = { readonly at: string; readonly number: number; readonly end: number } & (
  | { readonly text: string }
  | { readonly error: NearfoldError }
);

async function* rowsOfTable(
  path: string,
  options: SourceOptions,
  cellsOf: (text: string, at: string) => readonly string[],
  records: AsyncIterable<RawRecord>,
): AsyncGenerator<SourceRow> {
  const size = await sizeOf(path);
  let names: readonly string[] | undefined;
  let left = options.skip ?? 0;
  for await (const record of records) {
    const { at, number, end } = record;
    if (names === undefined) {
      if ("error" in record) throw record.error;
      names = cellsOf(record.text, at).map((name) => name.trim());
      requireColumns(names, options, at);
      continue;
    }
    if (left-- > 0) continue;
    const place = { at, share: Math.min(1, end / size) };
    if ("error" in record) yield { ...place, error: record.error };
    else {
      const row = () => namedCells(names!, cellsOf(record.text, at), at);
      yield attemptRow(place, () => toDocument(row(), { ...options, at, number }));
    }
  }
}

function namedCells(names: readonly string[], cells: readonly string[], at: string) {
  if (cells.length === names.length) {
    return Object.fromEntries(names.map((name, i) => [name, cells[i]]));
  }
  throw new NearfoldError("bad-input", "another number of columns than the first line", {
    at,
    got: String(cells.length),
    wanted: String(names.length),
  });
}

/** @throws bad-input */
function csvCells(text: string, at: string): readonly string[] {
  try {
    // A quote inside a cell that began without one is a character like any other.
    const found = parse(text, {
      relax_quotes: true,
      relax_column_count: true,
      record_delimiter: "\n",
    });
    if (found.length === 1) return requireFew(found[0], at);
  } catch (cause) {
    throw notARecord(text, at, cause);
  }
  throw notARecord(text, at);
}

function notARecord(text: string, at: string, cause?: unknown): NearfoldError {
  const [got, wanted] = [quote(text), "cells with commas between them, quotes closed and doubled"];
  return new NearfoldError("bad-input", "not a record of CSV", { at, got, wanted, cause });
}

function tsvCells(text: string, at: string): readonly string[] {
  return requireFew(text.split("\t", MAX_COLUMNS + 1), at);
}

function requireFew(cells: readonly string[], at: string): readonly string[] {
  if (cells.length <= MAX_COLUMNS) return cells;
  throw new NearfoldError("too-large", "too many columns", {
    at,
    wanted: `at most ${MAX_COLUMNS}`,
  });
}

/** The lines of a file that are not blank. */
async function* lines(path: string): AsyncGenerator<RawRecord> {
  for await (const line of scanLines(path)) if (!isBlank(line)) yield line;
}

/**
 * The records of a CSV file: lines up to one where the quotes are even in number. A record that has no such end within the bound is an error, and
 * reading goes on after it.
 */
async function* records(path: string): AsyncGenerator<RawRecord> {
  let held: string[] = [];
  let size = 0;
  let first: ScannedLine | undefined;
  const close = (error?: NearfoldError): RawRecord => {
    const { at, number } = first!;
    const text = held.join("\n");
    [held, size, first] = [[], 0, undefined];
    return error ? { at, number, end, error } : { at, number, end, text };
  };
  let end = 0;
  for await (const line of scanLines(path)) {
    end = line.end;
    if (first === undefined && isBlank(line)) continue;
    first ??= line;
    if ("error" in line) {
      yield close(line.error);
      continue;
    }
    held.push(line.text);
    size += line.text.length + 1;
    if (size > MAX_RECORD_BYTES) yield close(tooLong(first.at));
    else if (isEven(line.text) === (held.length === 1)) yield close();
  }
  if (first !== undefined) yield close(notClosed(held[0], first.at));
}

function isBlank(line: ScannedLine): boolean {
  return "text" in line && line.text.trim() === "";
}

/** Whether a line holds an even number of quotes: then it leaves a cell as open or closed as it was. */
function isEven(text: string): boolean {
  let even = true;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) even = !even;
  return even;
}

function tooLong(at: string): NearfoldError {
  const [got, wanted] = ["a record without end", `at most ${MAX_RECORD_BYTES} characters`];
  return new NearfoldError("too-large", "the record is too long", {
    at,
    got,
    wanted,
    hint: "A quote may not be closed",
  });
}

function notClosed(text: string, at: string): NearfoldError {
  return new NearfoldError("bad-input", "a quote is not closed", { at, got: quote(text) });
}
