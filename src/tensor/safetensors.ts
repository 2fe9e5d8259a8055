/** Safetensors files: opened for the ranges asked for, parsed from memory, written durably. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { type DType, dtypes, isFloat } from "./dtype.ts";
import { copyAsFloat32 } from "./half.ts";
import {
  type Entry,
  excerpt,
  type Header,
  malformed,
  parseHeader,
  parseHeaderLength,
} from "./safetensors-header.ts";
import { sizeOf, type Tensor, type TensorData, tensor } from "./tensor.ts";

export { type WriteSafetensorsOptions, writeSafetensors } from "./safetensors-writer.ts";

/** Bytes read at a time when they are converted on the way. */
const CHUNK_BYTES = 4 * 2 ** 20;
/** Below the 2 GiB that one system call takes. */
const READ_BYTES = 2 ** 30;

export interface ReadOptions {
  /** Rows `[from, to)` of the first axis; only their bytes are read. @default all */
  readonly rows?: readonly [from: number, to: number];
  /** Into a SharedArrayBuffer, which worker threads see without a copy. @default false */
  readonly shared?: boolean;
}

/** An open file; nothing but its header is in memory. Closes with `await using`. */
export interface Safetensors extends AsyncDisposable {
  /** In the order of the data. */
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  has(name: string): boolean;
  /** @throws not-found when the file has no such tensor. */
  info(name: string): { readonly dtype: DType; readonly shape: readonly number[] };
  /** A tensor in the file's dtype, or some of its rows. The caller owns it. */
  read(name: string, options?: ReadOptions): Promise<Tensor>;
  /**
   * The same as float32, converted while it is read: 16-bit weights are never in memory as a whole.
   * @throws unsupported when the dtype is not a float.
   */
  readAsFloat32(name: string, options?: ReadOptions): Promise<Tensor<"float32">>;
}

/**
 * Opens a file and checks its header.
 * @throws not-found; bad-input when the file is malformed, truncated or hostile.
 */
export async function openSafetensors(path: string): Promise<Safetensors> {
  try {
    // Before opening: to open a pipe would wait for a writer.
    const { size } = await checkIsFile(path);
    const handle = await open(path, "r");
    try {
      const prefix = await readExactly(handle, new Uint8Array(Math.min(8, size)), 0, path);
      const json = new Uint8Array(parseHeaderLength(prefix, size, path));
      await readExactly(handle, json, 8, path);
      const dataStart = 8 + json.length;
      return reader(handle, parseHeader(json, size - dataStart, path), dataStart, path);
    } catch (cause) {
      await handle.close();
      throw cause;
    }
  } catch (cause) {
    throw asIoError(cause, path, "read");
  }
}

/**
 * Every tensor of a file that is in memory. The arrays are copies, which the caller owns.
 * @throws bad-input when the bytes are malformed, truncated or hostile; `at` names them in the message.
 */
export function parseSafetensors(
  bytes: Uint8Array,
  { at = "safetensors" }: { readonly at?: string } = {},
): {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
} {
  const dataStart = 8 + parseHeaderLength(bytes.subarray(0, 8), bytes.length, at);
  const data = bytes.subarray(dataStart);
  const { entries, metadata } = parseHeader(bytes.subarray(8, dataStart), data.length, at);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, begin, end }] of entries) {
    const copy = allocate(dtype, sizeOf(shape), false, at);
    bytesOf(copy).set(data.subarray(begin, end));
    tensors.set(name, tensor(dtype, shape, copy));
  }
  return { tensors, metadata };
}

function reader(handle: FileHandle, header: Header, dataStart: number, path: string): Safetensors {
  const { entries, metadata } = header;

  const find = (name: string): Entry => {
    const entry = entries.get(name);
    if (entry) return entry;
    throw new NearfoldError("not-found", "no such tensor", { at: path, got: excerpt(name) });
  };

  return {
    names: [...entries.keys()],
    metadata,
    has: (name) => entries.has(name),
    info: (name) => {
      const { dtype, shape } = find(name);
      return { dtype, shape };
    },
    read: async (name, { rows, shared = false } = {}) => {
      const { dtype, shape, begin } = selectRows(find(name), rows, path);
      const data = allocate(dtype, sizeOf(shape), shared, path);
      await readExactly(handle, bytesOf(data), dataStart + begin, path);
      return tensor(dtype, shape, data);
    },
    readAsFloat32: async (name, { rows, shared = false } = {}) => {
      const { dtype, shape, begin } = selectRows(find(name), rows, path);
      if (!isFloat(dtype)) {
        throw new NearfoldError("unsupported", "only floats are read as float32", {
          at: `${path}: tensor ${excerpt(name)}`,
          got: dtype,
        });
      }
      const data = allocate("float32", sizeOf(shape), shared, path);
      let offset = dataStart + begin;
      if (dtype === "float32") {
        await readExactly(handle, bytesOf(data), offset, path);
        return tensor(dtype, shape, data);
      }
      const chunkSize = Math.min(data.length, CHUNK_BYTES / dtypes[dtype].bytes);
      const chunk = allocate(dtype, chunkSize, false, path);
      for (let done = 0; done < data.length; done += chunkSize) {
        const part = chunk.subarray(0, Math.min(chunkSize, data.length - done));
        await readExactly(handle, bytesOf(part), offset, path);
        copyAsFloat32({ dtype, data: part }, data.subarray(done, done + part.length));
        offset += part.byteLength;
      }
      return tensor("float32", shape, data);
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** The entry of rows `[from, to)` alone. */
function selectRows(entry: Entry, rows: ReadOptions["rows"], path: string): Entry {
  if (!rows) return entry;
  const [from, to] = rows;
  const [count = -1, ...rest] = entry.shape;
  const inside = Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to;
  if (!inside || to > count) {
    throw new NearfoldError("bad-argument", "the rows are not in the tensor", {
      at: path,
      got: `[${from}, ${to})`,
      wanted: count < 0 ? "a tensor that has rows, not a scalar" : `within [0, ${count})`,
    });
  }
  const rowBytes = sizeOf(rest) * dtypes[entry.dtype].bytes;
  return {
    dtype: entry.dtype,
    shape: [to - from, ...rest],
    begin: entry.begin + from * rowBytes,
    end: entry.begin + to * rowBytes,
  };
}

/** Zeros for `size` elements; a sparse file may honestly hold more than memory does. */
function allocate<D extends DType>(
  dtype: D,
  size: number,
  shared: boolean,
  at: string,
): TensorData<D> {
  const { bytes } = dtypes[dtype];
  const array = dtypes[dtype].array as unknown as new (buffer: ArrayBufferLike) => TensorData<D>;
  try {
    const buffer = shared ? new SharedArrayBuffer(size * bytes) : new ArrayBuffer(size * bytes);
    return new array(buffer);
  } catch (cause) {
    const got = `${size} elements of ${dtype}`;
    throw new NearfoldError("too-large", "a tensor does not fit in memory", { at, got, cause });
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: TensorData<DType>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Fills `into` from `position` of the file on. */
async function readExactly(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  path: string,
): Promise<Uint8Array> {
  for (let done = 0; done < into.length; ) {
    const length = Math.min(READ_BYTES, into.length - done);
    const { bytesRead } = await handle.read(into, done, length, position + done).catch((cause) => {
      throw asIoError(cause, path, "read");
    });
    if (bytesRead === 0) {
      const wanted = `${into.length - done} more bytes`;
      throw malformed(path, "the file ends too early", `${position + done} bytes`, wanted);
    }
    done += bytesRead;
  }
  return into;
}

async function checkIsFile(path: string): Promise<{ readonly size: number }> {
  const found = await stat(path);
  if (!found.isFile()) throw malformed(path, "this is not a file", "a folder or device", "a file");
  return found;
}
