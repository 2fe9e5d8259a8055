/** Rows on disk while they are looked at: what is kept is written from here, so that the input is read once, from a pipe too. */
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { asIoError } from "../../durable.ts";

/** Bytes that are written, and read, at once. */
const BLOCK = 2 ** 20;

/** Lines in a file that goes when it is closed. Close with `await using`. */
export class RowLog implements AsyncDisposable {
  readonly #folder: string;
  readonly #handle: FileHandle;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #ends = new Float64Array(1024);
  #count = 0;

  private constructor(folder: string, handle: FileHandle) {
    this.#folder = folder;
    this.#handle = handle;
  }

  /** @param parent where its folder is made. @throws io */
  static async open(parent: string): Promise<RowLog> {
    try {
      const folder = await mkdtemp(join(parent, ".nearfold-rows-"));
      return new RowLog(folder, await open(join(folder, "rows"), "wx+"));
    } catch (cause) {
      throw asIoError(cause, parent);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** @throws io */
  async push(line: string): Promise<void> {
    const bytes = Buffer.from(line);
    if (this.#count === this.#ends.length) {
      const ends = new Float64Array(2 * this.#count);
      ends.set(this.#ends);
      this.#ends = ends;
    }
    this.#ends[this.#count] = this.#start(this.#count) + bytes.length;
    this.#count++;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= BLOCK) await this.#flush();
  }

  /** The lines of some rows, which must ascend. @throws io */
  async *lines(rows: Iterable<number>): AsyncGenerator<string> {
    await this.#flush();
    let block: Buffer = Buffer.alloc(0);
    let from = 0;
    for (const row of rows) {
      const [start, end] = [this.#start(row), this.#ends[row]];
      if (end > from + block.length) {
        const size = Math.max(BLOCK, end - start);
        block = await this.#read(start, Math.min(size, this.#start(this.#count) - start));
        from = start;
      }
      yield block.toString("utf8", start - from, end - from);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #start(row: number): number {
    return row === 0 ? 0 : this.#ends[row - 1];
  }

  async #flush(): Promise<void> {
    if (this.#heldBytes === 0) return;
    const bytes = Buffer.concat(this.#held);
    [this.#held, this.#heldBytes] = [[], 0];
    await this.#handle.appendFile(bytes).catch((cause: unknown) => {
      throw asIoError(cause, this.#folder);
    });
  }

  async #read(start: number, bytes: number): Promise<Buffer> {
    const block = Buffer.alloc(bytes);
    for (let at = 0; at < bytes; ) {
      const { bytesRead } = await this.#handle.read(block, at, bytes - at, start + at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return block;
  }
}
