/** Writing safetensors: the same bytes as the reference library for the same tensors. */
import type { FileHandle } from "node:fs/promises";
import { writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { type DType, dtypes } from "./dtype.ts";
import { excerpt, MAX_HEADER_BYTES, METADATA } from "./safetensors-header.ts";
import type { Tensor } from "./tensor.ts";

/** The order in the file: upstream sorts by its Dtype enum, last first (safetensors/src/tensor.rs). */
const WRITE_ORDER: readonly DType[] = [
  ...(["uint64", "int64", "float64", "float32", "uint32", "int32", "bfloat16"] as const),
  ...(["float16", "uint16", "int16", "int8", "uint8", "bool"] as const),
];

/** Below the 2 GiB that one system call takes. */
const WRITE_BYTES = 2 ** 30;

export interface WriteSafetensorsOptions {
  /** Notes for readers; the Hub's tools look for `format: "pt"`. @default {} */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes tensors to a file that is whole or absent, straight from their arrays. The same tensors and metadata give the
 * same bytes, whatever the order of the map.
 * @throws bad-argument for a name that the format can't hold; io when the disk refuses.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  { metadata = {} }: WriteSafetensorsOptions = {},
): Promise<void> {
  const { bytes, ordered } = formatHeader(tensors, metadata, path);
  await writeDurably(path, async (handle) => {
    await writeAll(handle, bytes);
    for (const [, { data }] of ordered) {
      await writeAll(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}

/** A tensor without its data. */
export interface TensorLayout {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/**
 * Writes one tensor whose data comes in parts, for more of it than memory holds.
 * @throws as `writeSafetensors`; bad-argument where the parts are not what the shape says
 */
export async function writeStreamedSafetensors(
  path: string,
  { name, dtype, shape }: TensorLayout,
  data: AsyncIterable<Uint8Array>,
  { metadata = {} }: WriteSafetensorsOptions = {},
): Promise<void> {
  const byteLength = shape.reduce((size, dim) => size * dim, dtypes[dtype].bytes);
  const { bytes } = formatHeader(
    new Map([[name, { dtype, shape, data: { byteLength } }]]),
    metadata,
    path,
  );
  await writeDurably(path, async (handle) => {
    await writeAll(handle, bytes);
    let written = 0;
    for await (const part of data) {
      await writeAll(handle, part);
      written += part.length;
    }
    if (written === byteLength) return;
    const [got, wanted] = [`${written} bytes`, `${byteLength}`];
    throw new NearfoldError("bad-argument", "the data is not of the shape", {
      at: path,
      got,
      wanted,
    });
  });
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(WRITE_BYTES, bytes.length - at);
    at += (await handle.write(bytes, at, length)).bytesWritten;
  }
}

type Sized = Pick<Tensor, "dtype" | "shape"> & { readonly data: { readonly byteLength: number } };

/**
 * The bytes before the data, its length included, and the tensors in the order to write: larger elements first,
 * so that each is aligned, then by name. The same bytes as upstream's for the same tensors.
 * @throws bad-argument for a name that JSON or the format can't hold; too-large past 100 MB.
 */
function formatHeader<T extends Sized>(
  tensors: ReadonlyMap<string, T>,
  metadata: Readonly<Record<string, string>>,
  at: string,
): { readonly bytes: Uint8Array; readonly ordered: readonly (readonly [string, T])[] } {
  const rank = ({ dtype }: T) => WRITE_ORDER.indexOf(dtype);
  const ordered = [...tensors].sort(
    ([a, left], [b, right]) => rank(left) - rank(right) || compareText(a, b),
  );
  const notes = Object.entries(metadata).sort(([a], [b]) => compareText(a, b));
  checkTexts([...tensors.keys()], notes.flat(), at);
  const fields = notes.length > 0 ? [field(METADATA, Object.fromEntries(notes))] : [];
  let end = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    const begin = end;
    end += data.byteLength;
    fields.push(
      field(name, { dtype: dtypes[dtype].safetensors, shape, data_offsets: [begin, end] }),
    );
  }
  // Built from parts: an object would put names that look like numbers first.
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw new NearfoldError("too-large", "the header is too long for safetensors", {
      at,
      got: `${length} bytes`,
      wanted: `at most ${MAX_HEADER_BYTES}`,
    });
  }
  const bytes = new Uint8Array(8 + length).fill(" ".charCodeAt(0));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return { bytes, ordered };
}

function checkTexts(names: Iterable<string>, notes: readonly string[], at: string): void {
  for (const text of [...names, ...notes]) if (!text.isWellFormed()) throw refused(text);
  for (const name of names) if (name === METADATA) throw refused(name);

  function refused(text: string) {
    return new NearfoldError("bad-argument", "safetensors can't hold this text", {
      at,
      got: excerpt(text),
      wanted: `well-formed Unicode, and no tensor named ${METADATA}`,
    });
  }
}

function field(name: string, value: unknown): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

/** By bytes of UTF-8, as Rust compares strings. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
