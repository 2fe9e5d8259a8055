import { type FileHandle, open } from "node:fs/promises";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";

/** A file that is appended to; a record elsewhere says how much of it counts. */
export class GrowingFile implements AsyncDisposable {
  readonly path: string;
  readonly #handle: FileHandle;
  #bytes: number;

  private constructor(handle: FileHandle, path: string, bytes: number) {
    this.#handle = handle;
    this.path = path;
    this.#bytes = bytes;
  }

  /**
   * Opens it at its first `bytes`; what was written after them is cut off.
   * @throws bad-input where so many are not there; io
   */
  static async open(path: string, bytes: number): Promise<GrowingFile> {
    try {
      // "r+" alone makes no file.
      await (await open(path, "a")).close();
      const handle = await open(path, "r+");
      try {
        const { size } = await handle.stat();
        if (size < bytes) throw cutShort(path, size, bytes);
        await handle.truncate(bytes);
        return new GrowingFile(handle, path, bytes);
      } catch (cause) {
        await handle.close();
        throw cause;
      }
    } catch (cause) {
      throw asIoError(cause, path);
    }
  }

  /** All that was appended. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws io */
  async append(data: Uint8Array): Promise<void> {
    await this.#write(data, this.#bytes);
    this.#bytes += data.length;
  }

  /** Writes over what is there, from its beginning. @throws io */
  async overwrite(data: Uint8Array): Promise<void> {
    await this.#write(data, 0);
  }

  /** Waits until it is on disk. @throws io */
  async sync(): Promise<void> {
    await this.#handle.sync().catch((cause: unknown) => {
      throw asIoError(cause, this.path);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #write(data: Uint8Array, start: number): Promise<void> {
    try {
      for (let at = 0; at < data.length; ) {
        const { bytesWritten } = await this.#handle.write(data, at, data.length - at, start + at);
        at += bytesWritten;
      }
    } catch (cause) {
      throw asIoError(cause, this.path);
    }
  }
}

function cutShort(path: string, size: number, bytes: number): NearfoldError {
  const [got, wanted] = [`${size} bytes`, `at least ${bytes}`];
  const hint = "Begin anew with --replace";
  return new NearfoldError("bad-input", "the file is cut short", { at: path, got, wanted, hint });
}
