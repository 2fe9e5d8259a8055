/**
 * A teacher's vectors on disk, by text: `1.part`, `2.part`, … (32 bytes of SHA-256 for each text, then its vectors as little-endian
 * float32) and `teacher.json`, which says which parts count. A part is written whole, synced, and only then listed: killed at any
 * moment, an addition is there or it is not. What is there is never written again.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { asIoError, removeTemporaries, writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { acquireLock } from "../lock.ts";
import type { Role } from "../models/model.ts";
import { type CacheManifest, readCacheManifest, writeCacheManifest } from "./cache-manifest.ts";

const KEY_BYTES = 32;

/** What a text's vector is kept under: it depends on the prompt before it. */
export function keyOf(text: string, role: Role): string {
  return createHash("sha256").update(`${role}\0${text}`).digest("hex");
}

/** The vectors of one teacher. Closes with `await using`. */
export interface VectorCache extends AsyncDisposable {
  readonly folder: string;
  /** Width of the vectors; undefined while there is none. */
  readonly dims: number | undefined;
  readonly size: number;
  /** The vector under a key: a view, not to be changed; undefined where there is none. */
  get(key: string): Float32Array | undefined;
  /**
   * Adds vectors `[keys, dims]`, all of them or none.
   * @throws mismatch for vectors of another width than those that are there; not-finite; io
   */
  add(keys: readonly string[], vectors: Float32Array, dims: number): Promise<void>;
}

/**
 * Opens the vectors of a teacher, or begins with none. They are read into memory: 4 bytes a number.
 * @throws mismatch for those of another teacher; exists while another process writes there; bad-input for a damaged part, io
 */
export async function openVectorCache(folder: string, teacher: string): Promise<VectorCache> {
  await using opening = new AsyncDisposableStack();
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw asIoError(cause, folder);
  });
  opening.use(await acquireLock(join(folder, "lock")));
  await removeTemporaries(folder);
  const manifest = await readCacheManifest(folder);
  if (manifest && manifest.teacher !== teacher) {
    throw new NearfoldError("mismatch", "the vectors are of another teacher", {
      at: folder,
      got: manifest.teacher,
      wanted: teacher,
      hint: "Name another folder for them",
    });
  }
  const cache = new PartCache(folder, teacher, manifest, opening.move());
  await cache.load();
  return cache;
}

class PartCache implements VectorCache {
  readonly folder: string;
  readonly #teacher: string;
  readonly #closing: AsyncDisposableStack;
  readonly #found = new Map<string, Float32Array>();
  #manifest: CacheManifest | undefined;

  constructor(
    folder: string,
    teacher: string,
    manifest: CacheManifest | undefined,
    closing: AsyncDisposableStack,
  ) {
    this.folder = folder;
    this.#teacher = teacher;
    this.#manifest = manifest;
    this.#closing = closing;
  }

  get dims(): number | undefined {
    return this.#manifest?.dims;
  }

  get size(): number {
    return this.#found.size;
  }

  async load(): Promise<void> {
    const { dims, parts = [] } = this.#manifest ?? {};
    for (const [i, { rows, sha256 }] of parts.entries()) {
      const path = this.#pathOf(i);
      const bytes = await readFile(path).catch((cause) => {
        throw asIoError(cause, path, "read");
      });
      const size = rows * (KEY_BYTES + 4 * dims!);
      const hash = createHash("sha256").update(bytes).digest("hex");
      if (bytes.length !== size || hash !== sha256) {
        throw new NearfoldError("bad-input", "a teacher's vectors were changed", {
          at: path,
          got: bytes.length === size ? `sha256 ${hash}` : `${bytes.length} bytes`,
          wanted: bytes.length === size ? sha256 : `${size}`,
          hint: "Remove the folder: they are computed anew",
        });
      }
      this.#index(bytes, rows, dims!);
    }
  }

  get(key: string): Float32Array | undefined {
    return this.#found.get(key);
  }

  async add(keys: readonly string[], vectors: Float32Array, dims: number): Promise<void> {
    this.#check(keys, vectors, dims);
    if (keys.length === 0) return;
    const bytes = new Uint8Array(keys.length * (KEY_BYTES + 4 * dims));
    keys.forEach((key, i) => {
      bytes.set(Buffer.from(key, "hex"), i * KEY_BYTES);
    });
    const rows = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    bytes.set(rows, keys.length * KEY_BYTES);
    const { parts = [] } = this.#manifest ?? {};
    await writeDurably(this.#pathOf(parts.length), bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const manifest = {
      teacher: this.#teacher,
      dims,
      parts: [...parts, { rows: keys.length, sha256 }],
    };
    await writeCacheManifest(this.folder, manifest);
    this.#manifest = manifest;
    this.#index(bytes, keys.length, dims);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing.disposeAsync();
  }

  #index(bytes: Uint8Array, rows: number, dims: number): void {
    const start = rows * KEY_BYTES;
    // A copy: a part that was read may begin anywhere in a shared buffer, and float32 wants multiples of 4.
    const numbers = new Float32Array(new Uint8Array(bytes.subarray(start)).buffer);
    for (let row = 0; row < rows; row++) {
      const key = Buffer.from(bytes.subarray(row * KEY_BYTES, (row + 1) * KEY_BYTES));
      this.#found.set(key.toString("hex"), numbers.subarray(row * dims, (row + 1) * dims));
    }
  }

  #check(keys: readonly string[], vectors: Float32Array, dims: number): void {
    if (this.dims !== undefined && this.dims !== dims) {
      throw new NearfoldError("mismatch", "the teacher's vectors have another width than before", {
        at: this.folder,
        got: `${dims}`,
        wanted: `${this.dims}`,
        hint: "Is it the same model that answers? Name another folder for another one",
      });
    }
    if (vectors.length !== keys.length * dims) {
      const [got, wanted] = [`${vectors.length} numbers`, `${keys.length} times ${dims}`];
      throw new NearfoldError("mismatch", "not a vector for each text", {
        at: this.folder,
        ...{ got, wanted },
      });
    }
    const bad = vectors.findIndex((x) => !Number.isFinite(x));
    if (bad < 0) return;
    const at = `text ${Math.floor(bad / dims)}`;
    throw new NearfoldError("not-finite", "a teacher's vector is not of numbers", { at });
  }

  #pathOf(index: number): string {
    return join(this.folder, `${index + 1}.part`);
  }
}
