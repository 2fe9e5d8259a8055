import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { asIoError } from "../../durable.ts";
import type { Source } from "../source.ts";
import { folder, textFiles } from "./folder.ts";
import { jsonLines, textLines } from "./lines.ts";
import { parquet } from "./parquet.ts";
import { csv, tsv } from "./table.ts";

/** Every kind of input, by the end of its name. Adding one: a file, and a line here. Any other file is JSON lines. */
export const sources = {
  ".jsonl": jsonLines,
  ".txt": textLines,
  ".csv": csv,
  ".tsv": tsv,
  ".parquet": parquet,
} as const satisfies Record<string, Source>;

/** An input, and what tells it from another or from what it was before. */
export interface Input {
  readonly path: string;
  readonly read: Source;
  /** Of its files; endless for a pipe. */
  readonly bytes: number;
  /** Undefined for a pipe, which nobody reads twice. */
  readonly stamp: string | undefined;
}

/** @throws not-found, io */
export async function openInput(path: string): Promise<Input> {
  const found = await stat(path).catch((cause: unknown) => {
    throw asIoError(cause, path, "read");
  });
  if (found.isDirectory()) return { path, read: folder, ...(await lookOver(path)) };
  const extension = extname(path).toLowerCase();
  const known = Object.hasOwn(sources, extension) ? (extension as keyof typeof sources) : ".jsonl";
  const read = sources[known];
  if (!found.isFile()) return { path, read, bytes: Number.POSITIVE_INFINITY, stamp: undefined };
  return { path, read, bytes: found.size, stamp: `${resolve(path)}, ${stampOf(found)}` };
}

function stampOf({ size, mtimeMs }: { readonly size: number; readonly mtimeMs: number }): string {
  return `${size} bytes of ${new Date(mtimeMs).toISOString()}`;
}

/** Names, sizes and times of a folder's texts. */
async function lookOver(path: string): Promise<Pick<Input, "bytes" | "stamp">> {
  const hash = createHash("sha256");
  const names = await textFiles(path);
  let bytes = 0;
  for (const name of names) {
    const found = await stat(join(path, name));
    hash.update(`${name}\0${stampOf(found)}\0`);
    bytes += found.size;
  }
  return { bytes, stamp: `${resolve(path)}, ${names.length} texts, sha256:${hash.digest("hex")}` };
}
