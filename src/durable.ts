/** Files that are whole or absent: written under a temporary name, synced, then renamed. */
import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { NearfoldError } from "./errors.ts";

/** `.NAME.HEX.tmp` is being written; `.NAME.HEX.old` was NAME until its successor was ready. */
const HIDDEN = /^\.(?<name>.+)\.[0-9a-f]{12}\.(?<kind>tmp|old)$/;

function hiddenName(path: string, kind: "tmp" | "old"): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.${kind}`);
}

/**
 * Writes a file under its final name only when all of it is on disk.
 * `fill` gets an open handle and may write as it likes.
 * @throws io when the disk is full or the folder is read-only; nothing is left behind.
 */
export async function writeDurably(
  path: string,
  fill: string | Uint8Array | ((handle: FileHandle) => Promise<void>),
): Promise<void> {
  const target = resolve(path);
  const temporary = hiddenName(target, "tmp");
  try {
    await mkdir(dirname(target), { recursive: true });
    const handle = await open(temporary, "wx");
    try {
      if (typeof fill === "function") await fill(handle);
      else await handle.writeFile(fill);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
    await syncFolder(dirname(target));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw asIoError(cause, path);
  }
}

/**
 * Gives a file that was finished under another name its own: all of it is on disk before the name is.
 * @throws io, also when there is no such file
 */
export async function publishFile(finished: string, path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(finished, "r+");
    await handle.sync().finally(() => handle.close());
    await rename(finished, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    throw asIoError(cause, path);
  }
}

/**
 * The same for a folder; what may be replaced is replaced as by `writeFolderDurably`.
 * @throws exists, io
 */
export async function publishFolder(
  finished: string,
  path: string,
  options: FolderOptions = {},
): Promise<void> {
  const target = resolve(path);
  try {
    await restoreReplaced(dirname(target), basename(target));
    await requireFreeFolder(path, options);
    await syncTree(finished);
    await moveInto(finished, target);
  } catch (cause) {
    throw asIoError(cause, path);
  }
}

export interface FolderOptions {
  /** A folder that holds this file is one of ours, and may be replaced. Nothing else ever is. @default none may */
  readonly replace?: string | undefined;
}

/**
 * Fills a folder under a temporary name and renames it: under its final name it is complete.
 * The old one of that name is kept beside it until the new is in place; a kill in between is repaired by the next call, or by
 * `removeTemporaries`.
 * @throws exists when the target is a file, or a folder with something in it that may not be replaced
 */
export async function writeFolderDurably(
  path: string,
  fill: (temporary: string) => Promise<void>,
  { replace }: FolderOptions = {},
): Promise<void> {
  const target = resolve(path);
  const temporary = hiddenName(target, "tmp");
  try {
    await restoreReplaced(dirname(target), basename(target));
    await requireFreeFolder(path, { replace });
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await syncTree(temporary);
    await moveInto(temporary, target);
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw asIoError(cause, path);
  }
}

/**
 * Cleans up after killed writers in `folder`: puts back what was about to be replaced, removes what was half written.
 * Call it while nobody writes there.
 */
export async function removeTemporaries(folder: string): Promise<void> {
  await restoreReplaced(folder);
  for (const entry of await readdir(folder).catch(() => [])) {
    if (HIDDEN.test(entry)) await rm(join(folder, entry), { recursive: true, force: true });
  }
}

/** Undoes the first of `moveInto`'s two renames where a kill prevented the second. */
async function restoreReplaced(folder: string, only?: string): Promise<void> {
  for (const entry of await readdir(folder).catch(() => [])) {
    const { name, kind } = HIDDEN.exec(entry)?.groups ?? {};
    if (kind !== "old" || name === undefined || (only !== undefined && name !== only)) continue;
    if (!(await exists(join(folder, name)))) await rename(join(folder, entry), join(folder, name));
  }
}

/** What `writeFolderDurably` asks of a place, to be asked before the work as well. @throws exists */
export async function requireFreeFolder(
  path: string,
  { replace }: FolderOptions = {},
): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isDirectory()) {
    throw new NearfoldError("exists", "a file of the folder's name is in the way", { at: path });
  }
  if (!found || (await readdir(path)).length === 0) return;
  if (replace === undefined) {
    throw new NearfoldError("exists", "the folder is there already and is not empty", {
      at: path,
      hint: "Choose another name, or ask for it to be replaced",
    });
  }
  if (await exists(join(path, replace))) return;
  throw new NearfoldError("exists", "the folder holds something else than what would replace it", {
    at: path,
    got: `no ${replace}`,
    hint: "Choose another name, or empty it yourself",
  });
}

async function moveInto(temporary: string, target: string): Promise<void> {
  const old = (await exists(target)) ? hiddenName(target, "old") : undefined;
  if (old) await rename(target, old);
  try {
    await rename(temporary, target);
  } catch (cause) {
    if (old) await rename(old, target).catch(() => {});
    throw cause;
  }
  await syncFolder(dirname(target));
  // The new folder is in place: if the old one can't go now, it goes with the next removeTemporaries.
  if (old) await rm(old, { recursive: true, force: true }).catch(() => {});
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Contents and names: a file can be lost to a crash when only its folder was not synced. */
async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await syncFolder(path);
    if (!entry.isFile()) continue;
    await using handle = await open(path, "r");
    await handle.sync();
  }
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  // Windows can't open a folder; the rename is as durable as the file system makes it.
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is larger than the system allows",
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "no such file or folder",
  ENOTDIR: "a file stands where a folder is needed",
  EEXIST: "a file stands where a folder is needed",
  EISDIR: "it is a folder, not a file",
  EMFILE: "too many files are open",
};

/**
 * Names the operating system's reason in words, as `io`, or `not-found` when reading what is not there.
 * Any other error, ours included, is returned as it is.
 */
export function asIoError(cause: unknown, path: string, doing: "read" | "write" = "write"): Error {
  const { code, syscall, message } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return cause as Error;
  const kind = doing === "read" && code === "ENOENT" ? "not-found" : "io";
  return new NearfoldError(kind, `cannot ${doing}: ${reasons[code] ?? message}`, {
    at: path,
    cause,
  });
}
