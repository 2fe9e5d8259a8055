/** Files of interactions: a row for each choice. */
import { extname } from "node:path";
import { splitRecords } from "../../bulk/sources/csv-cells.ts";
import { findField, parseId, parseObject, show } from "../../data/fields.ts";
import { parseJson, readRows } from "../../data/jsonl.ts";
import type { Line, LineOptions } from "../../data/lines.ts";
import { namedRow } from "../../data/pairs.ts";
import { NearfoldError } from "../../errors.ts";
import type { Interaction } from "./feedback.ts";

/** The spellings that public data sets use. */
const spellings = {
  user: ["user", "userId", "user_id"],
  item: ["item", "itemId", "item_id"],
  time: ["time", "timestamp"],
  rating: ["rating", "value", "score"],
} as const;

export type InteractionField = keyof typeof spellings;

export interface InteractionOptions extends LineOptions {
  /** Names of fields that are none of the known spellings. @default `user`, `item`, `time`, `rating` and how else they are written */
  readonly fields?: Partial<Readonly<Record<InteractionField, string>>>;
  /** Rows that are rated lower are no choices, and are passed over. @default every row is one */
  readonly leastRating?: number | undefined;
}

/**
 * Interactions of a `.jsonl` (an object a line), a `.csv` or a `.tsv` (whose first line names the columns; no quoting over several lines).
 * A time is a number or a date; where there is none, the order of the file counts.
 * @throws bad-input naming file and line; unsupported for another kind of file
 */
export async function* readInteractions(
  path: string,
  options: InteractionOptions = {},
): AsyncGenerator<Interaction> {
  const extension = extname(path).toLowerCase();
  if (!Object.hasOwn(formats, extension)) {
    throw new NearfoldError("unsupported", "not a kind of file for interactions", {
      at: path,
      got: extension === "" ? "no extension" : extension,
      wanted: Object.keys(formats).join(", "),
    });
  }
  const toRow = formats[extension as keyof typeof formats]();
  const parse = (line: Line) => {
    const row = toRow(line);
    return row === undefined ? undefined : [parseInteraction(row, line.at, options)];
  };
  for await (const [found] of readRows(path, parse, options)) if (found) yield found;
}

type ToRow = (line: Line) => unknown;

const formats = {
  ".jsonl":
    (): ToRow =>
    ({ text, at }) =>
      parseJson(text, at),
  ".csv": (): ToRow => ofTable(cellsOfCsv),
  ".tsv": (): ToRow => ofTable(({ text }) => text.split("\t")),
} as const;

/** The first line names the columns of the others. */
function ofTable(cellsOf: (line: Line) => readonly string[]): ToRow {
  let columns: readonly string[] | undefined;
  return (line) => {
    const cells = cellsOf(line);
    if (columns) return namedRow(columns, cells, line.at);
    columns = cells.map((cell) => cell.trim());
    return undefined;
  };
}

/** Cells of one line; most lines have no quotes. @throws bad-input */
function cellsOfCsv({ text, at }: Line): readonly string[] {
  if (!text.includes('"')) return text.split(",");
  const [cells] = splitRecords([text]);
  if (cells) return cells;
  const [got, wanted] = [show(text), "cells, quoted or not, on one line"];
  throw new NearfoldError("bad-input", "not a line of CSV", { at, got, wanted });
}

/** Undefined where the rating says that it is no choice. @throws bad-input */
function parseInteraction(
  value: unknown,
  at: string,
  { fields = {}, leastRating }: InteractionOptions,
): Interaction | undefined {
  const row = parseObject(value, at, '{"user", "item", "time"?, "rating"?}');
  const find = (field: InteractionField) => {
    const name = fields[field];
    return name === undefined ? findField(row, spellings[field], at) : { name, value: row[name] };
  };
  const required = (field: InteractionField) => {
    const found = find(field);
    if (found) return parseId(found.value, found.name, at);
    throw new NearfoldError("bad-input", `no field for the ${field}`, {
      at,
      got: Object.keys(row).slice(0, 8).join(", "),
      wanted: spellings[field].join(" or "),
      hint: `Name it: --${field}-field FIELD`,
    });
  };
  const [user, item] = [required("user"), required("item")];
  const moment = find("time");
  const time = moment?.value === undefined ? undefined : parseTime(moment.value, moment.name, at);
  if (leastRating !== undefined) {
    const rating = find("rating");
    if (parseNumber(rating?.value, rating?.name ?? "rating", at) < leastRating) return undefined;
  }
  return { user, item, ...(time !== undefined && { time }) };
}

function parseNumber(value: unknown, name: string, at: string): number {
  const text = typeof value === "string" ? value.trim() : value;
  const number =
    typeof text === "number" || (typeof text === "string" && text !== "")
      ? Number(text)
      : Number.NaN;
  if (Number.isFinite(number)) return number;
  const [got, wanted] = [show(value), "a number"];
  throw new NearfoldError("bad-input", `"${name}" is not a number`, { at, got, wanted });
}

/** Seconds or whatever grows; a date as milliseconds. */
function parseTime(value: unknown, name: string, at: string): number {
  const isDate = typeof value === "string" && /^\d{4}-\d{2}-\d{2}/.test(value.trim());
  const date = isDate ? Date.parse(value.trim()) : Number.NaN;
  return Number.isNaN(date) ? parseNumber(value, name, at) : date;
}
