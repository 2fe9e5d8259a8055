/**
 * A store in a folder: `vectors.f32` (rows of little-endian float32, or the codes of another format: `vectors.int8`, `vectors.bits`),
 * where a finer format is kept beside it `rescore.*`, `rows.jsonl` (what was put in and taken out, in order) and `store.json`, which says
 * how much of them counts and holds what the codes were calibrated to. An append writes past what counts, syncs, and then replaces
 * `store.json`: killed at any moment, it is there or it is not. Readers keep the state they opened.
 * In memory are the ids and two numbers a row; vectors are read block by block. Room of replaced rows is not reclaimed.
 */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { asIoError, removeTemporaries } from "../durable.ts";
import { NearfoldError, throwIfAborted } from "../errors.ts";
import { acquireLock } from "../lock.ts";
import { type Named, requireSameSpace, type Space } from "../space.ts";
import { keepVectors, vectorKinds } from "../vectors/index.ts";
import { type Kept, keptAsTheyAre, requireSameScheme, rowBytes, schemeOf } from "./kept.ts";
import { type Extent, MANIFEST, type Manifest, readManifest, writeManifest } from "./manifest.ts";
import { RowLog } from "./row-log.ts";
import { comparable, Scan } from "./scan.ts";
import {
  checkRows,
  type OpenStoreOptions,
  type Payload,
  type Stored,
  type StoreHit,
  type VectorStore,
} from "./store.ts";
import { VectorFile } from "./vector-file.ts";

const ROWS = "rows.jsonl";
const LOCK = "lock";

/**
 * Opens the index in a folder, or begins one when `model` is given.
 * @throws not-found; exists while another process writes there; mismatch for a model of another space; bad-input for
 * files that are damaged or cut short
 */
export async function openFileStore(
  folder: string,
  { model, access = "write", notes = {}, kept }: OpenStoreOptions = {},
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
  if (found && kept) requireSameScheme(folder, schemeOf(found.kept), schemeOf(kept));
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
    manifest = emptyManifest(model!.space, notes, kept ?? keptAsTheyAre(model!.space));
    await writeManifest(folder, manifest);
  }
  const openIn = async (name: string) => closing.use(await openFile(join(folder, name), access));
  const { vectors, finer, log: lines } = filesOf(manifest.kept);
  const sizes = rowBytes(manifest.kept);
  const openVectors = async (name: string, size: number, extent: Extent) =>
    VectorFile.open(await openIn(name), join(folder, name), size, extent);
  const files = {
    vectors: await openVectors(vectors, sizes.search, manifest.vectors),
    ...(finer && { finer: await openVectors(finer, sizes.rescore!, manifest.finer!) }),
    log: await RowLog.open(await openIn(lines), manifest, join(folder, lines)),
  };
  return new FileStore(folder, manifest, files, closing.move());
}

function filesOf({ search, rescore }: Kept) {
  const extension = ({ format }: Kept["search"]) => vectorKinds[format.type].extension;
  return {
    vectors: `vectors.${extension(search)}`,
    finer: rescore && `rescore.${extension(rescore)}`,
    log: ROWS,
  };
}

function emptyManifest(space: Space, notes: Payload, kept: Kept): Manifest {
  const nothing = { bytes: 0, sha256: createHash("sha256").digest("hex") };
  const finer = kept.rescore && { finer: nothing };
  return { space, notes, kept, rows: 0, vectors: nothing, ...finer, log: nothing };
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

interface Files {
  readonly vectors: VectorFile;
  readonly finer?: VectorFile;
  readonly log: RowLog;
}

class FileStore implements VectorStore, Named<Space> {
  readonly name: string;
  readonly #files: Files;
  readonly #closing: AsyncDisposableStack;
  #manifest: Manifest;
  /** The last change, so that the next begins after it. */
  #change: Promise<unknown> = Promise.resolve();

  constructor(name: string, manifest: Manifest, files: Files, closing: AsyncDisposableStack) {
    this.name = name;
    this.#manifest = manifest;
    this.#files = files;
    this.#closing = closing;
  }

  get space(): Space {
    return this.#manifest.space;
  }

  get notes(): Payload {
    return this.#manifest.notes;
  }

  get kept(): Kept {
    return this.#manifest.kept;
  }

  async count(): Promise<number> {
    return this.#files.log.table.count;
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
    const rows = ids.map((id) => this.#files.log.table.rowOf(id));
    return Promise.all(
      rows.map((row) => (row === undefined ? undefined : this.#files.log.read(row))),
    );
  }

  async search(
    queries: Float32Array,
    k: number,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly (readonly StoreHit[])[]> {
    const { vectors, finer = vectors, log } = this.#files;
    const scan = new Scan(queries, k, log.table.count, this);
    for await (const { codes, rows, first } of vectors.blocks()) {
      throwIfAborted(signal, "the search");
      scan.block(codes, rows, first, log.table.isLive);
    }
    await finer.verify();
    const found = await scan.found((rows) => finer.gather(rows));
    return Promise.all(
      found.map((hits) =>
        Promise.all(hits.map(async ({ row, score }) => ({ ...(await log.read(row)), score }))),
      ),
    );
  }

  async delete(ids: readonly string[]): Promise<number> {
    return this.#exclusively(async () => {
      const there = [...new Set(ids)].filter((id) => this.#files.log.table.rowOf(id) !== undefined);
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
  async #append(rows: Float32Array, changes: Parameters<RowLog["prepare"]>[0]): Promise<void> {
    const { dims } = this.space;
    const { search, rescore } = keepVectors(this.kept, rows, dims);
    const vectors = await this.#files.vectors.prepare(search.codes);
    const finer = rescore && (await this.#files.finer!.prepare(rescore.codes));
    const log = this.#files.log.prepare(changes);
    try {
      await vectors.write();
      await finer?.write();
      await log.write();
    } catch (cause) {
      throw asIoError(cause, this.name);
    }
    const manifest = {
      ...this.#manifest,
      rows: this.#manifest.rows + rows.length / dims,
      vectors: vectors.extent,
      ...(finer && { finer: finer.extent }),
      log: log.extent,
    };
    await writeManifest(this.name, manifest);
    this.#manifest = manifest;
    for (const written of [vectors, finer, log]) written?.apply();
  }

  async #exclusively<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#change.then(change);
    this.#change = done.catch(() => {});
    return done;
  }
}
