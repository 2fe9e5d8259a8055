/**
 * The header of a safetensors file (https://github.com/huggingface/safetensors#format): eight bytes of
 * little-endian length, then JSON from names to `{ dtype, shape, data_offsets }`; the data follows without gaps.
 * Everything a hostile file could claim is checked here, before anything of its size is allocated.
 */
import { NearfoldError } from "../errors.ts";
import { type DType, dtypes } from "./dtype.ts";

/** Upstream's bound (MAX_HEADER_SIZE of tensor.rs). */
export const MAX_HEADER_BYTES = 100_000_000;
/** JSON within that bound can still ask for gigabytes of objects; about a million tensors are enough. */
const MAX_HEADER_VALUES = 10_000_000;
/** The key that holds notes, not a tensor. */
export const METADATA = "__metadata__";

/** Where a tensor lies: `[begin, end)` in bytes from the end of the header. */
export interface Entry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of the data. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The error for a file that breaks the format. */
export function malformed(at: string, what: string, got: string, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", what, { at, got, wanted });
}

/**
 * The length of the header that follows the first eight bytes.
 * @throws bad-input when it is over 100 MB or past the end of the file.
 */
export function parseHeaderLength(prefix: Uint8Array, fileBytes: number, at: string): number {
  if (prefix.length < 8) {
    throw malformed(at, "too short for safetensors", `${fileBytes} bytes`, "8 bytes and a header");
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
  const length = view.getBigUint64(0, true);
  const most = Math.min(MAX_HEADER_BYTES, fileBytes - 8);
  if (length > BigInt(most)) {
    throw malformed(at, "the header's length is wrong", `${length} bytes`, `at most ${most}`);
  }
  return Number(length);
}

/**
 * Parses and checks a header whose data is `dataBytes` long.
 * @throws bad-input with the tensor, what it claims and what would be right.
 */
export function parseHeader(json: Uint8Array, dataBytes: number, at: string): Header {
  const fields = parseObject(json, at);
  const { [METADATA]: metadata = {}, ...tensors } = fields;
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw malformed(at, `${METADATA} is malformed`, excerpt(metadata), "an object of strings");
  }
  const found = Object.entries(tensors).map(
    ([name, value]) => [name, parseEntry(value, `${at}: tensor ${excerpt(name)}`)] as const,
  );
  found.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const [name, entry] of found) {
    if (entry.begin !== end) {
      const what = entry.begin < end ? "the data overlaps another's" : "there is a hole before it";
      const where = `${at}: tensor ${excerpt(name)}`;
      throw malformed(where, what, `offset ${entry.begin}`, `offset ${end}`);
    }
    end = entry.end;
  }
  if (end !== dataBytes) {
    const what = "the data has another size than the header says";
    throw malformed(at, what, `${dataBytes} bytes`, `${end}`);
  }
  return { entries: new Map(found), metadata: metadata as Record<string, string> };
}

const byCode = new Map<unknown, DType>(
  (Object.keys(dtypes) as DType[]).map((dtype) => [dtypes[dtype].safetensors, dtype]),
);

function parseEntry(value: unknown, at: string): Entry {
  if (!isObject(value) || Object.keys(value).length !== 3) {
    throw malformed(at, "the entry is malformed", excerpt(value), "dtype, shape and data_offsets");
  }
  const { dtype: code, shape, data_offsets: offsets } = value;
  const dtype = byCode.get(code);
  if (!dtype) {
    throw malformed(at, "the dtype is unknown", excerpt(code), [...byCode.keys()].join(", "));
  }
  if (!isSizes(shape)) {
    throw malformed(at, "the shape is malformed", excerpt(shape), "a list of sizes");
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw malformed(at, "data_offsets is malformed", excerpt(offsets), "two sizes");
  }
  const [begin, end] = offsets as [number, number];
  let bytes: number = dtypes[dtype].bytes;
  for (const dim of shape) {
    bytes *= dim;
    if (!Number.isSafeInteger(bytes)) {
      throw malformed(at, "the shape is too large", excerpt(shape), "fewer than 2^53 bytes");
    }
  }
  if (end - begin !== bytes) {
    const wanted = `${bytes} for ${code} ${excerpt(shape)}`;
    throw malformed(at, "the offsets do not fit the shape", `${end - begin} bytes`, wanted);
  }
  return { dtype, shape, begin, end };
}

function parseObject(json: Uint8Array, at: string): Record<string, unknown> {
  const keys = countKeys(json, at);
  let fields: unknown;
  try {
    fields = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json));
  } catch (cause) {
    throw new NearfoldError("bad-input", "the header is not JSON", { at, cause });
  }
  if (!isObject(fields) || json[0] !== "{".charCodeAt(0)) {
    throw malformed(at, "the header is not an object", excerpt(fields), "JSON that begins with {");
  }
  const inner = Object.values(fields).filter(isObject);
  const kept = inner.reduce((sum, value) => sum + Object.keys(value).length, 0);
  // JSON.parse keeps the last of several; readers that keep the first would see another file.
  if (Object.keys(fields).length + kept !== keys) {
    throw malformed(at, "a key occurs twice, or stands too deep", `${keys} keys`, "each key once");
  }
  return fields;
}

/**
 * The number of keys, by their colons. Deep nesting and too many values are refused here, before JSON.parse makes
 * objects of them; bytes that are not JSON at all are left to it.
 */
function countKeys(json: Uint8Array, at: string): number {
  let [keys, commas, depth, inString] = [0, 0, 0, false];
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === 0x22) inString = !inString;
    else if (inString) i += char === 0x5c ? 1 : 0;
    else if (char === 0x3a) keys++;
    else if (char === 0x2c) commas++;
    else if (char === 0x7b || char === 0x5b) depth++;
    else if (char === 0x7d || char === 0x5d) depth--;
    if (depth > 3)
      throw malformed(at, "the header is nested too deeply", `${depth} levels`, "at most 3");
  }
  if (keys + commas > MAX_HEADER_VALUES) {
    throw malformed(at, "too many values", `${keys + commas}`, `at most ${MAX_HEADER_VALUES}`);
  }
  return keys;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** A value as JSON, in at most 80 characters: a hostile header must not fill, or drive, the terminal. */
export function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
