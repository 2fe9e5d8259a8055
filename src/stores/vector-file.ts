/** A file of codes, row by row. What counts of it is read in blocks, and checked against its hash the first time. */
import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Extent } from "./manifest.ts";
import { blockRows } from "./scan.ts";
import { checkLength, readExactly, requireDigest } from "./verified-file.ts";

export class VectorFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  /** Bytes of a row. */
  readonly #size: number;
  #extent: Extent;
  /** Of what counts; there once all of it was read and found sound. */
  #hash: Hash | undefined;

  private constructor(handle: FileHandle, path: string, size: number, extent: Extent) {
    this.#handle = handle;
    this.#path = path;
    this.#size = size;
    this.#extent = extent;
  }

  /** @param size bytes of a row. @throws bad-input for a file that is cut short */
  static async open(
    handle: FileHandle,
    path: string,
    size: number,
    extent: Extent,
  ): Promise<VectorFile> {
    await checkLength(handle, extent.bytes, path);
    return new VectorFile(handle, path, size, extent);
  }

  /**
   * All rows, block by block, in one buffer that the next block overwrites. The first pass to the end also checks them against their hash.
   * @throws bad-input when they are not what was written
   */
  async *blocks() {
    const { bytes, sha256 } = this.#extent;
    const most = blockRows(this.#size) * this.#size;
    const block = new Uint8Array(Math.min(most, bytes));
    const hash = this.#hash ? undefined : createHash("sha256");
    for (let start = 0; start < bytes; start += most) {
      const codes = block.subarray(0, Math.min(most, bytes - start));
      await readExactly(this.#handle, codes, start, this.#path);
      hash?.update(codes);
      yield { codes, rows: codes.length / this.#size, first: start / this.#size };
    }
    if (!hash) return;
    requireDigest(hash, sha256, this.#path);
    this.#hash ??= hash;
  }

  /** Reads all of it, unless that was done. @throws bad-input when it is not what was written */
  async verify(): Promise<void> {
    if (!this.#hash) for await (const _ of this.blocks());
  }

  /** The codes of some rows, one after another. */
  async gather(rows: readonly number[]): Promise<Uint8Array> {
    const codes = new Uint8Array(rows.length * this.#size);
    for (const [i, row] of rows.entries()) {
      const into = codes.subarray(i * this.#size, (i + 1) * this.#size);
      await readExactly(this.#handle, into, row * this.#size, this.#path);
    }
    return codes;
  }

  /** Codes on their way: `write` puts them past what counts, `apply` makes this object know them. */
  async prepare(codes: Uint8Array): Promise<{
    readonly extent: Extent;
    readonly write: () => Promise<void>;
    readonly apply: () => void;
  }> {
    await this.verify();
    const { bytes } = this.#extent;
    const hash = this.#hash!.copy().update(codes);
    const extent = { bytes: bytes + codes.length, sha256: hash.copy().digest("hex") };
    return {
      extent,
      write: async () => {
        for (let at = 0; at < codes.length; ) {
          const written = await this.#handle.write(codes, at, codes.length - at, bytes + at);
          at += written.bytesWritten;
        }
        await this.#handle.datasync();
      },
      apply: () => {
        this.#extent = extent;
        this.#hash = hash;
      },
    };
  }
}
