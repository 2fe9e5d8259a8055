/** Safetensors files: opened for the ranges asked for, parsed from memory, written durably. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { dtypes } from "./dtype.ts";
import {
  excerpt,
  type Header,
  malformed,
  parseHeader,
  parseHeaderLength,
} from "./safetensors-header.ts";
import {
  allocate,
  bytesOf,
  readExactly,
  readStored,
  readStoredAsFloat32,
  type StoredTensor,
} from "./stored-tensor.ts";
import { sizeOf, type Tensor, tensor } from "./tensor.ts";

export {
  type WriteSafetensorsOptions,
  writeSafetensors,
  writeStreamedSafetensors,
} from "./safetensors-writer.ts";

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
  /** What a tensor is and where it lies. @throws not-found when the file has no such tensor. */
  info(name: string): StoredTensor;
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

  const find = (name: string): StoredTensor => {
    const entry = entries.get(name);
    if (!entry) {
      throw new NearfoldError("not-found", "no such tensor", { at: path, got: excerpt(name) });
    }
    const { dtype, shape, begin } = entry;
    return { name, dtype, shape, path, offset: dataStart + begin };
  };

  return {
    names: [...entries.keys()],
    metadata,
    has: (name) => entries.has(name),
    info: find,
    read: async (name, { rows, ...options } = {}) =>
      readStored(handle, selectRows(find(name), rows), options),
    readAsFloat32: async (name, { rows, ...options } = {}) =>
      readStoredAsFloat32(handle, selectRows(find(name), rows), options),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** Rows `[from, to)` alone. */
function selectRows(stored: StoredTensor, rows: ReadOptions["rows"]): StoredTensor {
  if (!rows) return stored;
  const [from, to] = rows;
  const [count = -1, ...rest] = stored.shape;
  const inside = Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to;
  if (!inside || to > count) {
    throw new NearfoldError("bad-argument", "the rows are not in the tensor", {
      at: stored.path,
      got: `[${from}, ${to})`,
      wanted: count < 0 ? "a tensor that has rows, not a scalar" : `within [0, ${count})`,
    });
  }
  const rowBytes = sizeOf(rest) * dtypes[stored.dtype].bytes;
  const shape = [to - from, ...rest];
  return { ...stored, shape, offset: stored.offset + from * rowBytes };
}

async function checkIsFile(path: string): Promise<{ readonly size: number }> {
  const found = await stat(path);
  if (!found.isFile()) throw malformed(path, "this is not a file", "a folder or device", "a file");
  return found;
}
