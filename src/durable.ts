/** Files that are whole or absent: written under a temporary name, synced, then renamed. */
import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { NearfoldError } from "./errors.ts";

const TEMPORARY = /^\..+\.[0-9a-f]{12}\.tmp$/;

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
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
  const temporary = temporaryName(target);
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
 * Fills a folder under a temporary name and renames it: under its final name it is complete.
 * A folder of that name is replaced only when `replace` is set; the old one is kept until the new is in place.
 * @throws exists when the target is there and `replace` is not set.
 */
export async function writeFolderDurably(
  path: string,
  fill: (temporary: string) => Promise<void>,
  { replace = false }: { readonly replace?: boolean } = {},
): Promise<void> {
  const target = resolve(path);
  if (!replace && (await exists(target)) && (await readdir(target)).length > 0) {
    throw new NearfoldError("exists", "the folder is there already and is not empty", {
      at: path,
      hint: "Choose another name, or ask for it to be replaced",
    });
  }
  const temporary = temporaryName(target);
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await syncTree(temporary);
    const old = temporaryName(target);
    const hadOld = await exists(target);
    if (hadOld) await rename(target, old);
    await rename(temporary, target);
    await syncFolder(dirname(target));
    if (hadOld) await rm(old, { recursive: true, force: true });
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw asIoError(cause, path);
  }
}

/** Removes what a killed writer left in `folder`. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (TEMPORARY.test(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    await using handle = await open(join(entry.parentPath, entry.name), "r");
    await handle.sync();
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows can't open a folder; the rename is as durable as the file system makes it.
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
  EACCES: "no permission to write here",
  EPERM: "no permission to write here",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "a part of the path is a file, not a folder",
};

/** Names the operating system's reason in words; an error of ours passes through. */
export function asIoError(cause: unknown, path: string): Error {
  if (cause instanceof NearfoldError) return cause;
  const code = (cause as NodeJS.ErrnoException)?.code;
  if (code === undefined) return cause as Error;
  return new NearfoldError("io", `cannot write: ${reasons[code] ?? code}`, { at: path, cause });
}
