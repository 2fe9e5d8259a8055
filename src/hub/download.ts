/** One file of the Hub onto the disk: resumed, checked, and only then under its name. */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { asIoError, publishFile } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { type Asking, hintOf, subjectOf } from "./asking.ts";
import { openFile } from "./client.ts";
import { hashOf, isOfSize, isWhole, type RemoteFile } from "./remote-file.ts";
import { connectionError } from "./request.ts";

export interface Download {
  readonly commit: string;
  readonly file: RemoteFile;
  /** Where it will be. */
  readonly path: string;
  /** Where it is until it is whole. */
  readonly part: string;
  readonly asking: Asking;
  /** Called with the bytes that are there of this file. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Puts a file under its name when its size and hash are those listed. A part that an earlier call left is gone on with;
 * should two write one, they write the same bytes to the same places.
 * @throws mismatch for another size or hash than listed: the part is then removed; as `request`; io
 */
export async function downloadFile(download: Download): Promise<void> {
  const { file, path, part, onBytes } = download;
  while (!(await isWhole(path, file))) {
    const resumed = await completePart(download);
    // Gone where another has just published it.
    if (!(await isOfSize(part, file))) continue;
    const found = await hashOf(part, file);
    if (found === file.hash) return await publishFile(part, path);
    await rm(part, { force: true });
    // A part that was there may have been damaged: all of it once more. What came just now is what the Hub has.
    if (!resumed) throw unlike("content", found, file.hash, download);
  }
  onBytes?.(file.size);
}

/** Fills the part to the file's size; gives whether something of it was there before. */
async function completePart(download: Download): Promise<boolean> {
  const { file, part, onBytes } = download;
  try {
    await using handle = await openPart(part, file.size);
    const { size: had } = await handle.stat();
    onBytes?.(had);
    // A connection that is cut is followed by another, as long as each brings something.
    for (let have = had; have < file.size; ) {
      const { reached, cause } = await receive(handle, have, download);
      if (reached <= have) throw cut(have, cause, download);
      have = reached;
    }
    return had > 0;
  } catch (cause) {
    const isOther = cause instanceof NearfoldError && cause.code === "mismatch";
    if (isOther) await rm(part, { force: true });
    throw asIoError(cause, part);
  }
}

async function openPart(part: string, size: number): Promise<FileHandle> {
  await mkdir(dirname(part), { recursive: true });
  const found = await stat(part).catch(() => undefined);
  if (found && found.size > size) await rm(part, { force: true });
  return await open(part, constants.O_RDWR | constants.O_CREAT);
}

/** Writes what one connection brings; gives how far the file is then there, and what cut the connection. */
async function receive(handle: FileHandle, from: number, download: Download) {
  const { commit, file, asking, onBytes } = download;
  const about = { ...asking, path: file.path };
  const response = await openFile(commit, from, about);
  let reached = response.status === 206 ? from : 0;
  try {
    requireRest(response, reached, download);
    for await (const chunk of response.body ?? []) {
      const rest = file.size - reached;
      if (chunk.length > rest) throw unlike("size", "more", `${file.size} bytes`, download);
      await write(handle, chunk, reached);
      reached += chunk.length;
      onBytes?.(reached);
    }
    return { reached };
  } catch (cause) {
    if (asking.signal?.aborted) throw connectionError(cause, about);
    // An error of the disk's names a system call; of the connection's, only its cause does.
    const isConnection =
      !(cause instanceof NearfoldError) && !(cause as NodeJS.ErrnoException).syscall;
    if (isConnection) return { reached, cause };
    await response.body?.cancel().catch(() => {});
    throw cause;
  }
}

async function write(handle: FileHandle, bytes: Uint8Array, place: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, place + done);
    done += bytesWritten;
  }
}

/** Said before a gigabyte of something else arrives. @throws mismatch */
function requireRest({ status, headers }: Response, from: number, download: Download): void {
  const { size } = download.file;
  const range = headers.get("content-range") ?? "";
  if (status === 206 && !range.startsWith(`bytes ${from}-`)) {
    throw unlike("range", range || "none", `bytes ${from}-`, download);
  }
  const length = headers.has("content-encoding") ? null : headers.get("content-length");
  if (length === null || Number(length) === size - from) return;
  throw unlike("size", `${Number(length) + from} bytes`, `${size} bytes`, download);
}

function unlike(what: string, got: string, wanted: string, { file, asking }: Download) {
  const at = subjectOf({ ...asking, path: file.path });
  const message = `what the Hub sends has another ${what} than it lists`;
  return new NearfoldError("mismatch", message, { at, got, wanted });
}

function cut(have: number, cause: unknown, { file, asking }: Download): NearfoldError {
  const about = { ...asking, path: file.path };
  const got = `${have} of ${file.size} bytes`;
  const details = { at: subjectOf(about), got, hint: hintOf(about), cause };
  return new NearfoldError("io", "the download was interrupted", details);
}
