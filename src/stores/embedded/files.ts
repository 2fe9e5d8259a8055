/** The files of a Lance table: never changed once written, so their hashes say whether native code may see them. */
import { createHash } from "node:crypto";
import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { asIoError } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";

export interface FileMark {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

/** The one table of an index. */
export const TABLE = "rows";
/** Where LanceDB puts a table of that name. */
export const TABLE_FOLDER = `${TABLE}.lance`;

/** By the path in the table, with `/`. */
export type FileMarks = Readonly<Record<string, FileMark>>;

/** Written anew with each version: which is the latest. Lance does without. */
const HINT = "_versions/latest_version_hint.json";
const PATH = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[\w.-]+(?:\/[\w.-]+)*$/;

export function isFileMark(value: unknown): value is FileMark {
  const { bytes, sha256 } = (value ?? {}) as Record<string, unknown>;
  const isHash = typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
  return Number.isSafeInteger(bytes) && (bytes as number) >= 0 && isHash;
}

/** @throws bad-input for a path that leads out of the table, or a mark that is none; `at` names the file they stand in */
export function parseFileMarks(value: unknown, at: string): FileMarks {
  const entries = Object.entries((value ?? {}) as Record<string, unknown>);
  for (const [path, mark] of entries) {
    if (PATH.test(path) && isFileMark(mark)) continue;
    throw new NearfoldError("bad-input", "not the record of an index", {
      at,
      got: `file ${JSON.stringify(path.slice(0, 80))}`,
      wanted: "a path in the table, bytes and sha256",
    });
  }
  return Object.fromEntries(entries) as FileMarks;
}

/** The marks of what is there now: files that are known keep theirs; new ones are synced and hashed. */
export async function markFiles(table: string, known: FileMarks): Promise<FileMarks> {
  const marks: Record<string, FileMark> = {};
  for (const path of await filesIn(table)) {
    marks[path] = known[path] ?? (await markFile(join(table, path)));
  }
  return marks;
}

/** Size and hash of a file, which is on disk then. @throws io */
export async function markFile(path: string): Promise<FileMark> {
  try {
    await using handle = await open(path, "r+");
    await handle.sync();
    return await digest(handle);
  } catch (cause) {
    throw asIoError(cause, path, "read");
  }
}

/**
 * @param missing whether a file may be missing
 * @throws bad-input for a file that is missing, cut short or changed
 */
export async function verifyFiles(
  table: string,
  marks: FileMarks,
  { missing = false }: { readonly missing?: boolean } = {},
): Promise<void> {
  for (const [path, mark] of Object.entries(marks)) {
    const at = join(table, path);
    if (missing && !(await isThere(at))) continue;
    await verifyFile(at, mark);
  }
}

/** @throws bad-input for a file that is missing, cut short or changed */
export async function verifyFile(path: string, { bytes, sha256 }: FileMark): Promise<void> {
  if (!(await isThere(path)))
    throw damaged(path, "a file of the index is missing", "nothing", `${bytes} bytes`);
  const { size } = await stat(path);
  if (size < bytes) throw damaged(path, "the file is cut short", `${size} bytes`, `${bytes}`);
  await using handle = await open(path, "r").catch((cause) => {
    throw asIoError(cause, path, "read");
  });
  const found = size === bytes ? (await digest(handle)).sha256 : `of ${size} bytes`;
  if (found !== sha256) throw damaged(path, "the contents were changed", `sha256 ${found}`, sha256);
}

/** Removes what is not marked: it was written by somebody who did not finish. Call it while nobody writes. */
export async function removeUnmarked(table: string, marks: FileMarks): Promise<void> {
  for (const path of await filesIn(table)) {
    if (!Object.hasOwn(marks, path)) await rm(join(table, path), { force: true });
  }
  await rm(join(table, HINT), { force: true });
}

async function filesIn(table: string): Promise<readonly string[]> {
  const entries = await readdir(table, { recursive: true, withFileTypes: true }).catch((cause) => {
    if (cause.code === "ENOENT") return [];
    throw asIoError(cause, table, "read");
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(table, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => path !== HINT);
}

async function digest(handle: FileHandle): Promise<FileMark> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(2 ** 20);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, bytes);
    if (bytesRead === 0) return { bytes, sha256: hash.digest("hex") };
    hash.update(buffer.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** The error for a file of an index that is not as it was written. */
function damaged(at: string, what: string, got: string, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", what, { at, got, wanted, hint: "Build the index anew" });
}
