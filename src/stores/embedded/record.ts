/** `store.json`: what of an index's folder counts. It is replaced as a whole, so each change is there or is not. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { asIoError, writeDurably } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";
import { isSpace, type Space } from "../../space.ts";
import { isAsTheyAre, type Kept, keptAsTheyAre, parseKept, toKeptRecord } from "../kept.ts";
import type { Payload } from "../store.ts";
import { type FileMark, type FileMarks, isFileMark, parseFileMarks } from "./files.ts";

export const MANIFEST = "store.json";
/** Of the derived graph, whichever version it is of. */
export const NEAREST_FILE = /^nearest-\d+-\d+\.usearch$/;
const FORMAT = "nearfold-store";
const VERSION = 3;
const MAX_BYTES = 2 ** 26;

export interface StoreRecord {
  readonly space: Space;
  readonly notes: Payload;
  readonly kept: Kept;
  /** Of the Lance table; later ones were never finished. */
  readonly version: number;
  /** The table's files, by their path in it. */
  readonly files: FileMarks;
  /** Old files are being removed: one that is missing is no damage. */
  readonly cleaning?: boolean;
  readonly nearest?: NearestMark | undefined;
}

/** The derived index of nearest neighbours. */
export interface NearestMark extends FileMark {
  /** Beside `store.json`. */
  readonly file: string;
  /** Rows in it, dead ones included. */
  readonly rows: number;
  /** The greatest row id in it; later rows are searched one by one. */
  readonly last: number;
}

/** @returns undefined where there is none. @throws bad-input, io */
export async function readRecord(folder: string): Promise<StoreRecord | undefined> {
  const path = join(folder, MANIFEST);
  try {
    const found = await stat(path);
    if (found.size > MAX_BYTES) throw malformed(path, `${found.size} bytes`, "a small file");
    return parseRecord(await readFile(path, "utf8"), path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw asIoError(cause, path, "read");
  }
}

/** @throws io; too-large when the notes do not fit */
export async function writeRecord(folder: string, record: StoreRecord): Promise<void> {
  const path = join(folder, MANIFEST);
  const { kept, ...rest } = record;
  const formats = isAsTheyAre(kept, record.space) ? {} : { kept: toKeptRecord(kept) };
  const json = `${JSON.stringify({ format: FORMAT, formatVersion: VERSION, ...formats, ...rest })}\n`;
  if (Buffer.byteLength(json) > MAX_BYTES) {
    const wanted = `at most ${MAX_BYTES} bytes`;
    throw new NearfoldError("too-large", "the record of the index is too long", {
      at: path,
      wanted,
      hint: "Shorten the notes, or let nearfold optimize the index",
    });
  }
  await writeDurably(path, json);
}

/** @throws bad-input, or unsupported for another version; `at` names the file */
export function parseRecord(json: string, at: string): StoreRecord {
  const fields = parseObject(json, at);
  const { format, formatVersion, space, notes, version, files, cleaning, nearest } = fields;
  if (format !== FORMAT) throw malformed(at, `format ${show(format)}`, `format "${FORMAT}"`);
  if (formatVersion !== VERSION) {
    throw new NearfoldError("unsupported", "another version wrote this index", {
      at,
      got: show(formatVersion ?? version),
      wanted: String(VERSION),
      hint: "Build it anew, or update nearfold",
    });
  }
  if (!isSpace(space)) throw malformed(at, `space ${show(space)}`, "id, dims and similarity");
  if (!isObject(notes)) throw malformed(at, `notes ${show(notes)}`, "an object");
  if (!isCount(version)) throw malformed(at, `version ${show(version)}`, "a whole number");
  if (nearest !== undefined && !isNearestMark(nearest)) {
    throw malformed(at, `nearest ${show(nearest)}`, "file, bytes, sha256, rows and last");
  }
  const kept = fields.kept === undefined ? keptAsTheyAre(space) : parseKept(fields.kept, at, space);
  return {
    ...{ space, notes, kept, version, files: parseFileMarks(files, at) },
    ...(cleaning === true && { cleaning }),
    ...(nearest && { nearest }),
  };
}

function isNearestMark(value: unknown): value is NearestMark {
  if (!isObject(value) || !isFileMark(value)) return false;
  const { file, rows, last } = value as Record<string, unknown>;
  return typeof file === "string" && NEAREST_FILE.test(file) && isCount(rows) && isCount(last);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseObject(json: string, at: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new NearfoldError("bad-input", "not JSON", { at, got: show(json.slice(0, 60)), cause });
  }
  if (isObject(value)) return value;
  throw malformed(at, show(value), "an object");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(at: string, got: string, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", "not the record of an index", { at, got, wanted });
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}
