/** Tables as text: the first record names the columns. */
import { quote, type ScannedLine, scanLines } from "../../data/lines.ts";
import { namedRow } from "../../data/pairs.ts";
import { NearfoldError } from "../../errors.ts";
import {
  attemptRow,
  requireColumns,
  type Source,
  type SourceOptions,
  type SourceRow,
  toDocument,
} from "../source.ts";
import { splitRecords } from "./csv-cells.ts";
import { sizeOf } from "./lines.ts";

/** Bytes of one record, the lines within its quotes counted. */
const MAX_RECORD_BYTES = 16 * 2 ** 20;
const MAX_COLUMNS = 10_000;

/** Comma-separated values as RFC 4180 has them: quotes around what holds commas and line ends, doubled within. */
export const csv: Source = (path, options = {}) =>
  rowsOfTable(path, options, splitRecords, records(path));

/** Tab-separated values: no quoting, a record a line. */
export const tsv: Source = (path, options = {}) =>
  rowsOfTable(path, options, splitTabs, lines(path));

/** A record as it stands in the file, or what is wrong with it. */
type RawRecord = { readonly at: string; readonly number: number; readonly end: number } & (
  | { readonly text: string }
  | { readonly error: NearfoldError }
);

async function* rowsOfTable(
  path: string,
  options: SourceOptions,
  split: Split,
  records: AsyncIterable<RawRecord>,
): AsyncGenerator<SourceRow> {
  const size = await sizeOf(path);
  let names: readonly string[] | undefined;
  let left = options.skip ?? 0;
  for await (const record of withCells(records, split)) {
    const { at, number, end, cells } = record;
    if (names === undefined) {
      if ("error" in record) throw record.error;
      names = cells!().map((name) => name.trim());
      requireColumns(names, options, at);
      continue;
    }
    if (left-- > 0) continue;
    const place = { at, share: Math.min(1, end / size) };
    if ("error" in record) yield { ...place, error: record.error };
    else {
      const row = () => namedRow(names!, cells!(), at);
      yield attemptRow(place, () => toDocument(row(), { ...options, at, number }));
    }
  }
}

function notARecord(text: string, at: string): NearfoldError {
  const [got, wanted] = [quote(text), "cells with commas between them, quotes closed and doubled"];
  return new NearfoldError("bad-input", "not a record of CSV", { at, got, wanted });
}

/** The cells of records, each undefined where it is none. */
type Split = (records: readonly string[]) => readonly (readonly string[] | undefined)[];

const splitTabs: Split = (records) => records.map((text) => text.split("\t"));

/** @throws bad-input, too-large */
function requireCells(cells: readonly string[] | undefined, text: string, at: string) {
  if (!cells) throw notARecord(text, at);
  if (cells.length <= MAX_COLUMNS) return cells;
  const wanted = `at most ${MAX_COLUMNS}`;
  throw new NearfoldError("too-large", "too many columns", { at, wanted });
}

/** Records that are split together: so many, and so many characters. */
const TOGETHER = { records: 64, characters: 2 ** 16 };

/** Records with their cells. */
async function* withCells(
  records: AsyncIterable<RawRecord>,
  split: Split,
): AsyncGenerator<RawRecord & { readonly cells?: () => readonly string[] }> {
  let held: RawRecord[] = [];
  let size = 0;
  const release = () => {
    const texts = held.flatMap((record) => ("text" in record ? [record.text] : []));
    const found = texts.length > 0 ? split(texts)[Symbol.iterator]() : undefined;
    const released = held.map((record) => {
      if ("error" in record) return record;
      const cells = found!.next().value;
      return { ...record, cells: () => requireCells(cells, record.text, record.at) };
    });
    [held, size] = [[], 0];
    return released;
  };
  for await (const record of records) {
    held.push(record);
    size += "text" in record ? record.text.length : 0;
    if (held.length >= TOGETHER.records || size >= TOGETHER.characters) yield* release();
  }
  yield* release();
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
