/** `rows.jsonl`: a line for each row, in order, and one for each id that was taken out. */
import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { NearfoldError } from "../errors.ts";
import type { Extent, Manifest } from "./manifest.ts";
import { RowTable } from "./row-table.ts";
import type { Payload, Stored } from "./store.ts";
import { checkLength, damaged, readExactly, requireDigest } from "./verified-file.ts";

/** A line of the log. */
export type Change =
  | { readonly id: string; readonly payload?: Payload }
  | { readonly delete: string };

/** Bytes of one line, its end included: a payload is no place for files. */
const MAX_LINE = 16 * 2 ** 20;
const CHUNK_BYTES = 2 ** 18;

/** Where a row's line lies in the file. */
interface Place {
  readonly start: number;
  readonly end: number;
}

export class RowLog {
  readonly table = new RowTable();
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #places: Place[] = [];
  #bytes = 0;
  #hash: Hash = createHash("sha256");

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  /** Reads what counts of the file. @throws bad-input when that is not what was written */
  static async open(handle: FileHandle, { log, rows }: Manifest, path: string): Promise<RowLog> {
    await checkLength(handle, log.bytes, path);
    const opened = new RowLog(handle, path);
    await opened.#replay(log);
    const { size } = opened.table;
    if (size !== rows) throw damaged(path, "rows are missing", `${size} rows`, String(rows));
    return opened;
  }

  /** The row's line. */
  async read(row: number): Promise<Stored> {
    const { start, end } = this.#places[row];
    const line = Buffer.alloc(end - start);
    await readExactly(this.#handle, line, start, this.#path);
    return parseRow(parseChange(line, this.#path), this.#path);
  }

  /** Changes on their way: `write` puts them past what counts, `apply` makes this object know them. */
  prepare(changes: readonly Change[]): {
    readonly extent: Extent;
    readonly write: () => Promise<void>;
    readonly apply: () => void;
  } {
    const lines = changes.map((change) => this.#format(change));
    const bytes = Buffer.concat(lines);
    const start = this.#bytes;
    const hash = this.#hash.copy().update(bytes);
    return {
      extent: { bytes: start + bytes.length, sha256: hash.copy().digest("hex") },
      write: async () => {
        for (let at = 0; at < bytes.length; ) {
          const { bytesWritten } = await this.#handle.write(bytes, at, undefined, start + at);
          at += bytesWritten;
        }
        await this.#handle.datasync();
      },
      apply: () => {
        this.#hash = hash;
        changes.forEach((change, i) => {
          this.#apply(change, lines[i].length);
        });
      },
    };
  }

  #format(change: Change): Buffer {
    const line = Buffer.from(`${JSON.stringify(change)}\n`);
    if (line.length <= MAX_LINE) return line;
    throw new NearfoldError("too-large", "an id and its payload are too long", {
      at: this.#path,
      got: `${line.length} bytes`,
      wanted: `at most ${MAX_LINE}`,
    });
  }

  #apply(change: Change, length: number): void {
    const start = this.#bytes;
    this.#bytes += length;
    if ("delete" in change) {
      this.table.remove(change.delete);
      return;
    }
    this.table.append(change.id);
    this.#places.push({ start, end: start + length });
  }

  /** A line that a chunk cuts is read again with the next, which is as long as the line needs. */
  async #replay({ bytes, sha256 }: Extent): Promise<void> {
    let chunk = Buffer.alloc(Math.min(bytes, CHUNK_BYTES));
    while (this.#bytes < bytes) {
      const part = chunk.subarray(0, Math.min(chunk.length, bytes - this.#bytes));
      await readExactly(this.#handle, part, this.#bytes, this.#path);
      const last = part.lastIndexOf(10) + 1;
      if (last === 0) {
        if (chunk.length >= Math.min(MAX_LINE, bytes - this.#bytes)) {
          throw damaged(this.#path, "a line has no end", `${part.length} bytes`, "a short line");
        }
        chunk = Buffer.alloc(Math.min(2 * chunk.length, MAX_LINE));
        continue;
      }
      this.#hash.update(part.subarray(0, last));
      this.#applyLines(part.subarray(0, last));
    }
    requireDigest(this.#hash, sha256, this.#path);
  }

  #applyLines(lines: Buffer): void {
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf(10, start) + 1;
      this.#apply(parseChange(lines.subarray(start, end), this.#path), end - start);
      start = end;
    }
  }
}

function parseChange(line: Buffer, path: string): Change {
  let value: unknown;
  try {
    value = JSON.parse(line.toString("utf8"));
  } catch {
    value = undefined;
  }
  const fields = (typeof value === "object" ? (value ?? {}) : {}) as Record<string, unknown>;
  const { id, payload = {}, delete: gone } = fields;
  const named = typeof id === "string" && id !== "" && gone === undefined;
  if (named && typeof payload === "object" && payload !== null) return fields as Change;
  if (id === undefined && typeof gone === "string") return { delete: gone };
  const got = JSON.stringify(line.toString("utf8", 0, 60));
  throw damaged(path, "not a row of an index", got, '{"id", "payload"?} or {"delete"}');
}

function parseRow(change: Change, path: string): Stored {
  if (!("delete" in change)) return change;
  throw damaged(path, "not the line of a row", "a deletion", "an id");
}
