/** `teacher.json`: whose vectors a cache holds, and which of its parts count. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asIoError, writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { isJsonObject, show, toJson } from "../models/json-file.ts";

const CACHE_MANIFEST = "teacher.json";
const FORMAT = "nearfold-teacher-vectors";
const VERSION = 1;
const MOST_PARTS = 1_000_000;
const MOST_ROWS = 2 ** 24;
const WIDEST = 65_536;

/** A file of rows, written once. */
export interface Part {
  readonly rows: number;
  /** Of the whole file, in hex. */
  readonly sha256: string;
}

export interface CacheManifest {
  /** The teacher's key. */
  readonly teacher: string;
  /** Width of a vector. */
  readonly dims: number;
  readonly parts: readonly Part[];
}

/** Undefined where there is none. @throws bad-input, io */
export async function readCacheManifest(folder: string): Promise<CacheManifest | undefined> {
  const path = join(folder, CACHE_MANIFEST);
  try {
    return parseCacheManifest(await readFile(path, "utf8"), path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw asIoError(cause, path, "read");
  }
}

/** @throws io */
export async function writeCacheManifest(folder: string, manifest: CacheManifest): Promise<void> {
  const json = toJson({ format: FORMAT, version: VERSION, ...manifest });
  await writeDurably(join(folder, CACHE_MANIFEST), json);
}

/** @throws bad-input for anything that was not written so; `at` names the file */
export function parseCacheManifest(text: string, at: string): CacheManifest {
  const json = parseJson(text, at);
  const { format, version, teacher, dims, parts } = json;
  const check = (field: string, fits: boolean, wanted: string) => {
    if (fits) return;
    const got = `${field} ${show(json[field])}`;
    throw new NearfoldError("bad-input", "not the record of a teacher's vectors", {
      ...{ at, got, wanted },
      hint: "Remove the folder: its vectors are computed anew",
    });
  };
  check("format", format === FORMAT, `"${FORMAT}"`);
  check("version", version === VERSION, `${VERSION}`);
  check("teacher", typeof teacher === "string" && teacher !== "", "its key");
  check("dims", isCount(dims, WIDEST), "a width");
  const listed = Array.isArray(parts) && parts.length <= MOST_PARTS && parts.every(isPart);
  check("parts", listed, "a list of rows and sha256");
  return { teacher, dims, parts } as CacheManifest;
}

function isPart(value: unknown): value is Part {
  if (!isJsonObject(value)) return false;
  return isCount(value.rows, MOST_ROWS) && /^[0-9a-f]{64}$/.test(String(value.sha256));
}

function isCount(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= most;
}

function parseJson(text: string, at: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const details = { at, got: show(text.slice(0, 60)), wanted: "JSON", cause };
    throw new NearfoldError("bad-input", "not the record of a teacher's vectors", details);
  }
  if (isJsonObject(value)) return value;
  const details = { at, got: show(value), wanted: "an object" };
  throw new NearfoldError("bad-input", "not the record of a teacher's vectors", details);
}
