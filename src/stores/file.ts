/**
 * A store in a folder: `vectors.f32` (rows of little-endian float32), `rows.jsonl` (what was put in and taken out, in
 * order) and `store.json`, which says how much of both counts. An append writes past what counts, syncs, and then
 * replaces `store.json`: killed at any moment, it is there or it is not. Readers keep the state they opened.
 * In memory are the ids and two numbers a row; vectors are read block by block. Room of replaced rows is not reclaimed.
 */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { asIoError, removeTemporaries } from "../durable.ts";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { acquireLock } from "../lock.ts";
import { type Named, requireSameSpace, type Space } from "../space.ts";
import { MANIFEST, type Manifest, readManifest, writeManifest } from "./manifest.ts";
import { RowLog } from "./row-log.ts";
import { blockRows, comparable, Scan } from "./scan.ts";
import {
  checkRows,
  type OpenStoreOptions,
  type Payload,
  type Stored,
  type StoreHit,
  type VectorStore,
} from "./store.ts";
import { checkLength, readExactly, requireDigest } from "./verified-file.ts";

const VECTORS = "vectors.f32";
const ROWS = "rows.jsonl";
const LOCK = "lock";

/**
 * Opens the index in a folder, or begins one when `model` is given.
 * @throws not-found; exists while another process writes there; mismatch for a model of another space; bad-input for
 * files that are damaged or cut short
 */
export async function openFileStore(
  folder: string,
  { model, access = "write", notes = {} }: OpenStoreOptions = {},
): Promise<VectorStore> {
  await using closing = new AsyncDisposableStack();
  const found = await readManifest(folder);
  if (!found && (access === "read" || !model)) {
    throw new NearfoldError("not-found", "there is no index here", {
      at: folder,
      wanted: `a folder with ${MANIFEST}`,
    });
  }
  if (found && model) requireSameSpace({ name: folder, space: found.space }, model);
  if (access === "write") {
    await mkdir(folder, { recursive: true }).catch((cause) => {
      throw asIoError(cause, folder);
    });
    closing.use(await acquireLock(join(folder, LOCK)));
    await removeTemporaries(folder);
  }
  // Again, now that nobody else can change it.
  let manifest = access === "write" ? await readManifest(folder) : found;
  if (!manifest) {
    manifest = emptyManifest(model!.space, notes);
    await writeManifest(folder, manifest);
  }
  const openIn = async (name: string) => closing.use(await openFile(join(folder, name), access));
  const vectors = await openIn(VECTORS);
  const rows = await openIn(ROWS);
  await checkLength(vectors, manifest.vectors.bytes, join(folder, VECTORS));
  const log = await RowLog.open(rows, manifest, join(folder, ROWS));
  return new FileStore(folder, manifest, vectors, log, closing.move());
}

function emptyManifest(space: Space, notes: Payload): Manifest {
  const nothing = { bytes: 0, sha256: createHash("sha256").digest("hex") };
  return { space, notes, rows: 0, vectors: nothing, log: nothing };
}

async function openFile(path: string, access: "read" | "write"): Promise<FileHandle> {
  try {
    // "a+" would make it, but then every write goes to the end, and not to where what counts ends.
    if (access === "write") await (await open(path, "a")).close();
    return await open(path, access === "write" ? "r+" : "r");
  } catch (cause) {
    throw asIoError(cause, path, access);
  }
}

class FileStore implements VectorStore, Named<Space> {
  readonly name: string;
  readonly #vectors: FileHandle;
  readonly #log: RowLog;
  readonly #closing: AsyncDisposableStack;
  #manifest: Manifest;
  /** Of the vectors that count; there once all of them were read and found sound. */
  #hash: Hash | undefined;
  /** The last change, so that the next begins after it. */
  #change: Promise<unknown> = Promise.resolve();

  constructor(
    name: string,
    manifest: Manifest,
    vectors: FileHandle,
    log: RowLog,
    closing: AsyncDisposableStack,
  ) {
    this.name = name;
    this.#manifest = manifest;
    this.#vectors = vectors;
    this.#log = log;
    this.#closing = closing;
  }

  get space(): Space {
    return this.#manifest.space;
  }

  get notes(): Payload {
    return this.#manifest.notes;
  }

  async count(): Promise<number> {
    return this.#log.table.count;
  }

  async add(
    ids: readonly string[],
    vectors: Float32Array,
    { payloads }: { readonly payloads?: readonly Payload[] } = {},
  ): Promise<void> {
    checkRows(ids, vectors, payloads, this);
    const kept = comparable(vectors, this, (row) => `id ${JSON.stringify(ids[row])}`);
    const changes = ids.map((id, i) => ({ id, ...(payloads && { payload: payloads[i] }) }));
    await this.#exclusively(() => this.#append(kept, changes));
  }

  async get(ids: readonly string[]): Promise<readonly (Stored | undefined)[]> {
    const rows = ids.map((id) => this.#log.table.rowOf(id));
    return Promise.all(rows.map((row) => (row === undefined ? undefined : this.#log.read(row))));
  }

  async search(
    queries: Float32Array,
    k: number,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly (readonly StoreHit[])[]> {
    const { table } = this.#log;
    const scan = new Scan(queries, k, table.count, this);
    for await (const { block, rows, first } of this.#blocks()) {
      throwIfAborted(signal, "the search");
      scan.block(block, rows, first, table.isLive);
    }
    return Promise.all(
      scan
        .found()
        .map((hits) =>
          Promise.all(
            hits.map(async ({ row, score }) => ({ ...(await this.#log.read(row)), score })),
          ),
        ),
    );
  }

  async delete(ids: readonly string[]): Promise<number> {
    return this.#exclusively(async () => {
      const there = [...new Set(ids)].filter((id) => this.#log.table.rowOf(id) !== undefined);
      if (there.length > 0) {
        await this.#append(
          new Float32Array(0),
          there.map((id) => ({ delete: id })),
        );
      }
      return there.length;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#change;
    await this.#closing.disposeAsync();
  }

  /** Writes past what counts, then makes it count. */
  async #append(vectors: Float32Array, changes: Parameters<RowLog["prepare"]>[0]): Promise<void> {
    const { rows, vectors: before } = this.#manifest;
    if (!this.#hash) for await (const _ of this.#blocks());
    const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    const hash = this.#hash!.copy().update(bytes);
    const prepared = this.#log.prepare(changes);
    try {
      await writeAt(this.#vectors, bytes, before.bytes);
      await prepared.write();
    } catch (cause) {
      throw asIoError(cause, this.name);
    }
    const manifest = {
      ...this.#manifest,
      rows: rows + vectors.length / this.space.dims,
      vectors: { bytes: before.bytes + bytes.length, sha256: hash.copy().digest("hex") },
      log: prepared.extent,
    };
    await writeManifest(this.name, manifest);
    this.#manifest = manifest;
    this.#hash = hash;
    prepared.apply();
  }

  /**
   * The vectors, block by block, in one buffer that the next block overwrites. The first pass to the end also checks
   * them against their hash.
   */
  async *#blocks() {
    const { rows: count, vectors, space } = this.#manifest;
    const size = blockRows(space.dims);
    const block = new Float32Array(Math.min(size, count) * space.dims);
    const path = join(this.name, VECTORS);
    const hash = this.#hash ? undefined : createHash("sha256");
    for (let first = 0; first < count; first += size) {
      const rows = Math.min(size, count - first);
      const bytes = new Uint8Array(block.buffer, 0, rows * space.dims * 4);
      await readExactly(this.#vectors, bytes, first * space.dims * 4, path);
      hash?.update(bytes);
      yield { block, rows, first };
    }
    if (!hash) return;
    requireDigest(hash, vectors.sha256, path);
    this.#hash ??= hash;
  }

  async #exclusively<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#change.then(change);
    this.#change = done.catch(() => {});
    return done;
  }
}

/** Writes and syncs. */
async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
  await handle.datasync();
}
