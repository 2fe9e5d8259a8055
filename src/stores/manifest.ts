/** `store.json`: what of a folder's files counts. It is replaced as a whole, so each append is there or is not. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { asIoError, writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import type { Space } from "../space.ts";
import {
  isAsTheyAre,
  type Kept,
  keptAsTheyAre,
  parseKept,
  rowBytes,
  toKeptRecord,
} from "./kept.ts";
import type { Payload } from "./store.ts";

export const MANIFEST = "store.json";
const FORMAT = "nearfold-store";
/** 1 knows float32 alone, and writes no `kept`; 2 has any format. */
const VERSIONS = [1, 2];
const MAX_BYTES = 2 ** 20;

/** The beginning of a file that counts; what follows was never finished. */
export interface Extent {
  readonly bytes: number;
  /** Of these bytes, in hex. */
  readonly sha256: string;
}

export interface Manifest {
  readonly space: Space;
  readonly notes: Payload;
  /** Vectors in the file, those that were replaced or taken out among them. */
  readonly rows: number;
  readonly vectors: Extent;
  /** Of the codes that are rescored by, where there are any. */
  readonly finer?: Extent;
  readonly log: Extent;
  readonly kept: Kept;
}

/** @returns undefined where there is none. @throws bad-input, io */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, MANIFEST);
  try {
    const found = await stat(path);
    if (found.size > MAX_BYTES) throw malformed(path, `${found.size} bytes`, "a small file");
    return parseManifest(await readFile(path, "utf8"), path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw asIoError(cause, path, "read");
  }
}

/** @throws io; too-large when the notes do not fit */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST);
  const { kept, ...rest } = manifest;
  const plain = isAsTheyAre(kept, manifest.space);
  const record = plain ? { version: 1 } : { version: 2, kept: toKeptRecord(kept) };
  const json = `${JSON.stringify({ format: FORMAT, ...record, ...rest }, null, 2)}\n`;
  if (Buffer.byteLength(json) > MAX_BYTES) {
    throw new NearfoldError("too-large", "the notes are too long", {
      at: path,
      wanted: `at most ${MAX_BYTES} bytes`,
    });
  }
  await writeDurably(path, json);
}

/** @throws bad-input, or unsupported for a later version; `at` names the file */
export function parseManifest(json: string, at: string): Manifest {
  const fields = parseObject(json, at);
  const { format, version, space, notes, rows, vectors, finer, log } = fields;
  if (format !== FORMAT) throw malformed(at, `format ${show(format)}`, `format "${FORMAT}"`);
  if (!VERSIONS.includes(version as number)) {
    throw new NearfoldError("unsupported", "another version wrote this index", {
      at,
      got: show(version),
      wanted: VERSIONS.join(" or "),
      hint: "Build it anew, or update nearfold",
    });
  }
  if (!isSpace(space)) throw malformed(at, `space ${show(space)}`, "id, dims and similarity");
  if (!isObject(notes)) throw malformed(at, `notes ${show(notes)}`, "an object");
  if (!isExtent(vectors)) throw malformed(at, `vectors ${show(vectors)}`, "bytes and sha256");
  if (!isExtent(log)) throw malformed(at, `log ${show(log)}`, "bytes and sha256");
  const kept = version === 1 ? keptAsTheyAre(space) : parseKept(fields.kept, at, space);
  const sizes = rowBytes(kept);
  const fits = (extent: unknown, size: number) =>
    isExtent(extent) && extent.bytes === (rows as number) * size;
  if (!isCount(rows) || rows > MAX_ROWS || !fits(vectors, sizes.search)) {
    const wanted = `the ${vectors.bytes} bytes of vectors over ${sizes.search}`;
    throw malformed(at, `rows ${show(rows)}`, wanted);
  }
  if (sizes.rescore === undefined) return { space, notes, kept, rows, vectors, log };
  if (isExtent(finer) && fits(finer, sizes.rescore)) {
    return { space, notes, kept, rows, vectors, finer, log };
  }
  throw malformed(at, `finer ${show(finer)}`, `${rows} rows of ${sizes.rescore} bytes`);
}

/** Row numbers are 32-bit. */
const MAX_ROWS = 2 ** 31 - 1;

function isSpace(value: unknown): value is Space {
  if (!isObject(value)) return false;
  const { id, dims, similarity } = value;
  const compared = similarity === "cosine" || similarity === "dot";
  return typeof id === "string" && isCount(dims) && dims > 0 && compared;
}

function isExtent(value: unknown): value is Extent {
  if (!isObject(value)) return false;
  return isCount(value.bytes) && /^[0-9a-f]{64}$/.test(String(value.sha256));
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
