/** A file as the Hub lists it, and whether one on disk is that file. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat } from "node:fs/promises";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";

export interface RemoteFile {
  /** Inside the model's folder, with slashes: "1_Pooling/config.json". */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** "sha256:…" or "git-blob:…". */
  readonly hash: string;
}

const algorithms = {
  /** Large files, which are in LFS or Xet: of the content. */
  sha256: () => createHash("sha256"),
  /** The others: git's name for a blob (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects). */
  "git-blob": (size) => createHash("sha1").update(`blob ${size}\0`),
} as const satisfies Record<string, (size: number) => Hash>;

const HASH = /^(sha256:[0-9a-f]{64}|git-blob:[0-9a-f]{40})$/;

/**
 * An entry of the Hub's listing, or of a manifest.
 * @throws bad-input for a path that leads out of the folder, for a size or a hash that is none
 */
export function parseRemoteFile(entry: unknown, at: string): RemoteFile {
  const { path, size, hash } = fieldsOf(entry);
  if (typeof path !== "string" || !isConfined(path)) {
    throw malformed("a path that leads out of the folder", path, at);
  }
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    throw malformed(`${path} is listed with an impossible size`, size, at);
  }
  if (typeof hash === "string" && HASH.test(hash)) return { path, size: size as number, hash };
  throw malformed(`${path} is listed with an unknown hash`, hash, at);
}

/** The Hub's spelling (`lfs.oid` is of the content, `oid` of git's object) and a manifest's. */
function fieldsOf(entry: unknown): Readonly<Record<keyof RemoteFile, unknown>> {
  const { path, size, hash, oid, lfs } = (entry ?? {}) as Record<string, unknown>;
  const large = (lfs ?? undefined) as Record<string, unknown> | undefined;
  if (hash !== undefined) return { path, size, hash };
  if (large) return { path, size: large.size, hash: `sha256:${String(large.oid)}` };
  return { path, size, hash: `git-blob:${String(oid)}` };
}

/** Whether a path stays inside the folder that it is joined to, on any system. */
export function isConfined(path: string): boolean {
  if (!path.isWellFormed() || /\0|^[a-z]:/i.test(path)) return false;
  return !path.split(/[\\/]/).some((part) => ["", ".", ".."].includes(part));
}

/** The name of the file's part in the cache: of the content, so that no path of the Hub's is in it. */
export function digestOf({ hash }: RemoteFile): string {
  return hash.slice(hash.indexOf(":") + 1);
}

/** Whether the file at `at` is the one listed: of its size, and of its hash, which all of it is read for. @throws io */
export async function isWhole(at: string, file: RemoteFile): Promise<boolean> {
  return (await isOfSize(at, file)) && (await hashOf(at, file)) === file.hash;
}

/** The hash of a file on disk, of the kind that is listed. @throws io */
export async function hashOf(at: string, { hash: listed, size }: RemoteFile): Promise<string> {
  const algorithm = listed.slice(0, listed.indexOf(":")) as keyof typeof algorithms;
  const hash = algorithms[algorithm](size);
  try {
    for await (const chunk of createReadStream(at, { highWaterMark: 2 ** 20 })) hash.update(chunk);
  } catch (cause) {
    throw asIoError(cause, at, "read");
  }
  return `${algorithm}:${hash.digest("hex")}`;
}

/** The cheap half of `isWhole`. */
export async function isOfSize(at: string, { size }: RemoteFile): Promise<boolean> {
  const found = await lstat(at).catch(() => undefined);
  return found?.isFile() === true && found.size === size;
}

function malformed(what: string, got: unknown, at: string): NearfoldError {
  const shown = JSON.stringify(got)?.slice(0, 200) ?? "nothing";
  return new NearfoldError("bad-input", what, { at, got: shown });
}
