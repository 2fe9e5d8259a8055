/** The files of one commit, into the cache. */
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { acquireLock } from "../lock.ts";
import type { Asking } from "./asking.ts";
import { type Manifest, readSnapshot, type SnapshotPlace, writeSnapshot } from "./cache.ts";
import { listCommit } from "./client.ts";
import { downloadFile } from "./download.ts";
import { digestOf, isOfSize, type RemoteFile } from "./remote-file.ts";
import { connectionError } from "./request.ts";
import { isSetting, selectFiles } from "./select-files.ts";

export interface FetchOptions {
  /** Files besides those that a loader reads, as "onnx/model.onnx". @default [] */
  readonly also?: readonly string[];
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Called when settings and tokenizer lie in the folder, before the weights are fetched: a refusal should come before the gigabytes. */
  readonly onSettings?: (folder: string) => Promise<void>;
  /** Called once when another is fetching the same, before it is waited for; `lock` is the file that says so. */
  readonly onWait?: (lock: string) => void;
}

export interface FetchProgress {
  /** The one that is being fetched. */
  readonly file: string;
  /** What is there of all files, what an earlier call left too. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** Makes a snapshot whole and visible; what of it is there already is not fetched again. */
export async function fetchSnapshot(
  snapshot: SnapshotPlace,
  asking: Asking,
  { also = [], onProgress, onSettings, onWait }: FetchOptions,
): Promise<void> {
  await using _lock = await waitForLock(snapshot.lock, asking, onWait);
  const before = await wholeSnapshot(snapshot);
  if (holds(before, also)) return;
  const { commit } = snapshot;
  const fetchFile = async (file: RemoteFile, onBytes?: (bytes: number) => void) => {
    const places = placesOf(snapshot, file);
    await downloadFile({ commit, file, ...places, asking, ...(onBytes && { onBytes }) });
    return places.path;
  };
  const readJson = async (file: RemoteFile) =>
    parseJson(await fetchFile(file), `${asking.id}/${file.path}`);
  // What an earlier call asked for besides stays.
  const asked = [...also, ...(before?.files ?? []).map(({ path }) => path)];
  const listing = await listCommit(commit, asking);
  const files = await selectFiles(asking.id, listing, { also: asked, readJson });
  const there = new Map<RemoteFile, number>();
  for (const file of files) there.set(file, await bytesThere(snapshot, file));
  const totalBytes = sum(files.map(({ size }) => size));
  const fetchAll = async (files: readonly RemoteFile[]) => {
    for (const file of files) {
      await fetchFile(file, (bytes) => {
        there.set(file, bytes);
        onProgress?.({ file: file.path, bytes: sum(there.values()), totalBytes });
      });
    }
  };
  await fetchAll(files.filter(isSetting));
  await onSettings?.(snapshot.folder);
  await fetchAll(files.filter((file) => !isSetting(file)));
  await writeSnapshot(snapshot, { id: asking.id, commit, files });
  await rm(snapshot.parts, { recursive: true, force: true });
}

/** What is there, whole; a damaged copy counts as none, and what is wrong of it is fetched again. */
export async function wholeSnapshot(snapshot: SnapshotPlace): Promise<Manifest | undefined> {
  return await readSnapshot(snapshot).catch((error: NearfoldError) => {
    if (error.code === "bad-input") return undefined;
    throw error;
  });
}

/** Whether a snapshot is there, with what was asked for besides. */
export function holds(manifest: Manifest | undefined, also: readonly string[]): boolean {
  const paths = new Set(manifest?.files.map(({ path }) => path));
  return manifest !== undefined && also.every((path) => paths.has(path));
}

function placesOf({ folder, parts }: SnapshotPlace, file: RemoteFile) {
  return { path: join(folder, file.path), part: join(parts, `${digestOf(file)}.part`) };
}

/** At a glance: hashes are compared when it is the file's turn. */
async function bytesThere(snapshot: SnapshotPlace, file: RemoteFile): Promise<number> {
  const { path, part } = placesOf(snapshot, file);
  if (await isOfSize(path, file)) return file.size;
  const found = await stat(part).catch(() => undefined);
  return Math.min(found?.size ?? 0, file.size);
}

/** Milliseconds between two looks at a lock. */
const LOOK_EVERY = 200;

/** So that two who begin at once do not both fetch gigabytes; the files would be whole without it too. */
async function waitForLock(
  path: string,
  asking: Asking,
  onWait?: (lock: string) => void,
): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true }).catch((cause: unknown) => {
    throw asIoError(cause, path);
  });
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await acquireLock(path);
    } catch (error) {
      if (!(error instanceof NearfoldError && error.code === "exists")) throw error;
    }
    if (isFirst) onWait?.(path);
    await setTimeout(LOOK_EVERY, undefined, { signal: asking.signal }).catch((cause: unknown) => {
      throw connectionError(cause, asking);
    });
  }
}

/** A file that says which others there are. */
async function parseJson(path: string, at: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw asIoError(cause, path, "read");
    throw new NearfoldError("bad-input", "not JSON", { at, got: cause.message, cause });
  }
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((a, b) => a + b, 0);
}
