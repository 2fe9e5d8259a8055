import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { asIoError } from "../durable.ts";
import { isDocumentPath } from "./registry.ts";

/** A file that is not read, and why: its name begins with a dot, it is a link, or of another kind. */
export interface SkippedFile {
  readonly id: string;
  readonly reason: "hidden" | "link" | "kind" | "name";
}

export interface FoundFile {
  readonly id: string;
  readonly path: string;
}

/**
 * The documents at `path`, a file or a folder with all folders in it, by their ids. Links are not followed: they lead out, or round in circles. Hidden folders count as one
 * file.
 * @throws not-found, io
 */
export async function findDocuments(
  path: string,
  onSkip: (skipped: SkippedFile) => void = () => {},
): Promise<readonly FoundFile[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw asIoError(cause, path, "read");
  });
  if (!found.isDirectory()) return [{ id: basename(path).normalize("NFC"), path }];
  const files = new Map<string, FoundFile>();
  for await (const file of walk(path, "", onSkip)) {
    // Two names that differ in how accents are written would be one id.
    if (files.has(file.id)) onSkip({ id: file.id, reason: "name" });
    else files.set(file.id, file);
  }
  return [...files.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function* walk(
  folder: string,
  id: string,
  onSkip: (skipped: SkippedFile) => void,
): AsyncGenerator<FoundFile> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw asIoError(cause, folder, "read");
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const own = `${id}${entry.name.normalize("NFC")}`;
    // A name on disk can't hold "/", but one that isn't "." or ".." may hold a backslash, which is a way up elsewhere.
    if (entry.name.startsWith(".")) onSkip({ id: own, reason: "hidden" });
    else if (entry.isSymbolicLink()) onSkip({ id: own, reason: "link" });
    else if (entry.name.includes("\\") || !own.isWellFormed()) onSkip({ id: own, reason: "name" });
    else if (entry.isDirectory()) yield* walk(path, `${own}/`, onSkip);
    else if (entry.isFile() && isDocumentPath(entry.name)) yield { id: own, path };
    else onSkip({ id: own, reason: "kind" });
  }
}
