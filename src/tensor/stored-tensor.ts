/** Tensors that lie in a file: where, and how they are read. */
import { type FileHandle, open } from "node:fs/promises";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { type DType, dtypes, isFloat } from "./dtype.ts";
import { copyAsFloat32 } from "./half.ts";
import { excerpt, malformed } from "./safetensors-header.ts";
import { sizeOf, type Tensor, type TensorData, tensor } from "./tensor.ts";

/** What is to be read, and from where: one run of bytes in the order of the elements, little-endian. */
export interface StoredTensor {
  /** Its name in the file. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly path: string;
  /** Of the first byte. */
  readonly offset: number;
}

/** Elements read at a time when they are converted on the way. */
const PART = 2 ** 20;
/** Below the 2 GiB that one system call takes. */
const READ_BYTES = 2 ** 30;

interface ReadOptions {
  /** Into a SharedArrayBuffer. @default false */
  readonly shared?: boolean;
}

/** The tensor in its own dtype; the caller owns it. */
export async function readStored(
  handle: FileHandle,
  { dtype, shape, path, offset }: StoredTensor,
  { shared = false }: ReadOptions = {},
): Promise<Tensor> {
  const data = allocate(dtype, sizeOf(shape), shared, path);
  await readExactly(handle, bytesOf(data), offset, path);
  return tensor(dtype, shape, data);
}

/**
 * The tensor as float32, converted while it is read: 16-bit weights are never in memory as a whole.
 * @throws unsupported when the dtype is not a float
 */
export async function readStoredAsFloat32(
  handle: FileHandle,
  stored: StoredTensor,
  { shared = false }: ReadOptions = {},
): Promise<Tensor<"float32">> {
  requireFloat(stored);
  const { dtype, shape, path } = stored;
  const data = allocate("float32", sizeOf(shape), shared, path);
  if (dtype === "float32") await readExactly(handle, bytesOf(data), stored.offset, path);
  else {
    let done = 0;
    for await (const part of parts(handle, stored)) {
      copyAsFloat32(part, data.subarray(done, done + part.data.length));
      done += part.data.length;
    }
  }
  return tensor("float32", shape, data);
}

/**
 * The elements as float32, 2^20 at a time, from a file that is opened for them. The array is good until the next one.
 * @throws io; bad-input for a file that ends too early; unsupported when the dtype is not a float
 */
export async function* float32Parts(stored: StoredTensor): AsyncGenerator<Float32Array> {
  requireFloat(stored);
  await using handle = await open(stored.path, "r").catch((cause: unknown) => {
    throw asIoError(cause, stored.path, "read");
  });
  let converted: Float32Array | undefined;
  for await (const part of parts(handle, stored)) {
    if (part.dtype === "float32") yield part.data as Float32Array;
    else {
      converted ??= new Float32Array(part.data.length);
      yield copyAsFloat32(part, converted.subarray(0, part.data.length));
    }
  }
}

/** The elements in the file's dtype, 2^20 at a time. The array is good until the next one. @throws io; bad-input for a file that ends too early */
export async function* storedParts(stored: StoredTensor): AsyncGenerator<TensorData<DType>> {
  await using handle = await open(stored.path, "r").catch((cause: unknown) => {
    throw asIoError(cause, stored.path, "read");
  });
  for await (const { data } of parts(handle, stored)) yield data;
}

/** Runs of elements in the file's dtype, in an array that is used again. */
async function* parts(
  handle: FileHandle,
  { dtype, shape, path, offset }: StoredTensor,
): AsyncGenerator<Pick<Tensor, "dtype" | "data">> {
  const { bytes } = dtypes[dtype];
  const size = sizeOf(shape);
  const chunk = allocate(dtype, Math.min(size, PART), false, path);
  for (let done = 0; done < size; done += chunk.length) {
    const data = chunk.subarray(0, Math.min(chunk.length, size - done)) as TensorData<DType>;
    await readExactly(handle, bytesOf(data), offset + done * bytes, path);
    yield { dtype, data } as Pick<Tensor, "dtype" | "data">;
  }
}

function requireFloat({ name, dtype, path }: StoredTensor): void {
  if (isFloat(dtype)) return;
  throw new NearfoldError("unsupported", "only floats are read as float32", {
    at: `${path}: tensor ${excerpt(name)}`,
    got: dtype,
  });
}

/** Zeros for `size` elements; a sparse file may honestly hold more than memory does. */
export function allocate<D extends DType>(
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

export function bytesOf({ buffer, byteOffset, byteLength }: TensorData<DType>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Fills `into` from `position` of the file on. */
export async function readExactly(
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
