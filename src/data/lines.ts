/** Text files line by line, in bounded memory. */
import { createReadStream } from "node:fs";
import { TextDecoder } from "node:util";
import { NearfoldError } from "../errors.ts";

export interface Line {
  /** The line without its end (`\n` or `\r\n`) and, on the first line, without a byte order mark. */
  readonly text: string;
  /** Where it stands, as errors say it: `pairs.jsonl:12`. */
  readonly at: string;
  /** Counted from 1. */
  readonly number: number;
}

export interface LineOptions {
  /** @default 16 MiB */
  readonly maxLineBytes?: number;
  /**
   * Called with the error of each bad line or row, which is then left out. Without it the first one is thrown.
   * `skips()` makes one that counts.
   */
  readonly onBad?: (error: NearfoldError) => void;
}

/** A counter for `onBad`: how many rows were left out, and the first few errors. */
export function skips({ keep = 5 }: { readonly keep?: number } = {}) {
  const first: NearfoldError[] = [];
  const counter = {
    count: 0,
    first: first as readonly NearfoldError[],
    onBad: (error: NearfoldError): void => {
      counter.count++;
      if (first.length < keep) first.push(error);
    },
  };
  return counter;
}

/** A line, blank or not, or what is wrong with one. */
export type ScannedLine = (
  | Line
  | { readonly error: NearfoldError; readonly at: string; readonly number: number }
) & {
  /** Bytes of the file up to the line's end. */
  readonly end: number;
};

/**
 * The lines of a UTF-8 file that are not blank. Lines end at `\n` only: JSON may hold U+2028 as it is.
 * @throws not-found, io; bad-input for a line that is not UTF-8, too-large for one over the bound (or `onBad`).
 */
export async function* readLines(
  path: string,
  { onBad = raise, ...bounds }: LineOptions = {},
): AsyncGenerator<Line> {
  for await (const line of scanLines(path, bounds)) {
    if ("error" in line) onBad(line.error);
    else if (line.text.trim() !== "") yield { text: line.text, at: line.at, number: line.number };
  }
}

/**
 * All lines of a file, in their order, those that are not UTF-8 or over the bound as errors.
 * @throws not-found, io
 */
export async function* scanLines(
  path: string,
  { maxLineBytes = 16 * 2 ** 20 }: Pick<LineOptions, "maxLineBytes"> = {},
): AsyncGenerator<ScannedLine> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let number = 0;
  for await (const { bytes, end } of splitLines(path, maxLineBytes)) {
    number++;
    const place = { at: `${path}:${number}`, number, end };
    const text = bytes === "too long" ? undefined : decode(decoder, bytes);
    if (text === undefined) yield { ...place, error: lineError(bytes, place.at, maxLineBytes) };
    else yield { ...place, text: number === 1 && text.startsWith("\ufeff") ? text.slice(1) : text };
  }
}

function lineError(bytes: Uint8Array | "too long", at: string, most: number): NearfoldError {
  if (bytes !== "too long") {
    return new NearfoldError("bad-input", "not UTF-8", { at, got: quoteBytes(bytes) });
  }
  const wanted = `at most ${most} bytes`;
  return new NearfoldError("too-large", "the line is too long", { at, wanted });
}

/** Throws what it gets: the `onBad` of a reader that forgives nothing. */
export function raise(error: NearfoldError): void {
  throw error;
}

/** Text of a file as an error shows it: short, on one line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

interface SplitLine {
  readonly bytes: Uint8Array | "too long";
  /** Of the file, up to the line's end. */
  readonly end: number;
}

/** Lines as bytes without their ends; a line over the bound is read past, not kept. */
async function* splitLines(path: string, most: number): AsyncGenerator<SplitLine> {
  let held: Uint8Array[] = [];
  let size = 0;
  let before = 0;
  for await (const chunk of chunksOf(path)) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield { bytes: finish(held, size, chunk.subarray(start, end), most), end: before + end + 1 };
      held = [];
      size = 0;
      start = end + 1;
    }
    before += chunk.length;
    if (start === chunk.length) continue;
    size += chunk.length - start;
    if (size <= most) held.push(chunk.subarray(start));
    else held = [];
  }
  if (size > 0) yield { bytes: finish(held, size, new Uint8Array(0), most), end: before };
}

function finish(held: Uint8Array[], size: number, tail: Uint8Array, most: number) {
  if (size + tail.length > most) return "too long";
  const line = size === 0 ? tail : Buffer.concat([...held, tail]);
  return line.at(-1) === 13 ? line.subarray(0, -1) : line;
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: 2 ** 18 });
  } catch (cause) {
    throw readError(cause, path);
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "no permission to read it",
  EPERM: "no permission to read it",
  EISDIR: "it is a folder",
};

function readError(cause: unknown, path: string): unknown {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === undefined || cause instanceof NearfoldError) return cause;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new NearfoldError("not-found", "there is no such file", { at: path, cause });
  }
  const kind = code === "EISDIR" ? "bad-input" : "io";
  return new NearfoldError(kind, `cannot read: ${reasons[code] ?? code}`, { at: path, cause });
}

function decode(decoder: TextDecoder, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function quoteBytes(bytes: Uint8Array): string {
  return quote(Buffer.from(bytes.subarray(0, 60)).toString("latin1"));
}
