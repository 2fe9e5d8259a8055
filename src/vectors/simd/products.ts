/** Products by the kernels: rows are copied into their memory part by part, where all queries find them in the processor's cache. */
import { type Kernel, kernelModule, type NumberType, QUERIES_AT_ONCE, STEPS } from "./kernels.ts";

/** What the kernels read past the last row, at most. */
const SLACK = STEPS.bytes;
const PAGE = 2 ** 16;

/** Queries as the kernels read them. */
export interface PackedQueries {
  readonly type: NumberType;
  readonly count: number;
  readonly packed: Float32Array | Int16Array;
}

/** Packs queries `[Q, D]`: four together step by step, those left over alone; padded with zeros to whole steps. */
export function packQueries(
  type: NumberType,
  queries: Float32Array | Int8Array,
  dims: number,
): PackedQueries {
  const numbers = STEPS[type];
  const count = queries.length / dims;
  const padded = numbers * Math.ceil(dims / numbers);
  const packed = new (type === "floats" ? Float32Array : Int16Array)(count * padded);
  const together = count - (count % QUERIES_AT_ONCE);
  for (let query = 0; query < count; query++) {
    const width = query < together ? QUERIES_AT_ONCE : 1;
    const first = (query - (query % width)) * padded + (query % width) * numbers;
    for (let d = 0; d < dims; d++) {
      const step = Math.floor(d / numbers);
      packed[first + step * width * numbers + (d % numbers)] = queries[query * dims + d];
    }
  }
  return { type, count, packed };
}

/**
 * Sums `[Q, count]` of products of the queries with `count` rows of so many bytes each, from `row` on: whole numbers of bytes, rounded to float32
 * of floats. Good until the next call in this thread.
 */
export function products(
  { type, count: asked, packed }: PackedQueries,
  codes: Uint8Array,
  {
    row,
    count,
    rowBytes,
  }: { readonly row: number; readonly count: number; readonly rowBytes: number },
): Float32Array | Int32Array {
  machine ??= start();
  const sumsAt = align(packed.byteLength);
  const rowsAt = sumsAt + align(4 * asked * count);
  const buffer = room(machine, rowsAt + count * rowBytes + SLACK);
  new Uint8Array(buffer).set(new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength));
  new Uint8Array(buffer, rowsAt).set(codes.subarray(row * rowBytes, (row + count) * rowBytes));
  const queryBytes = packed.byteLength / asked;
  for (let query = 0; query < asked; ) {
    const some = asked - query >= QUERIES_AT_ONCE;
    const kernel = machine.kernels[`${type}-${some ? "some" : "one"}`];
    kernel(query * queryBytes, rowsAt, rowBytes, count, sumsAt + 4 * query * count);
    query += some ? QUERIES_AT_ONCE : 1;
  }
  const Sums = type === "floats" ? Float32Array : Int32Array;
  return new Sums(buffer, sumsAt, asked * count);
}

interface Machine {
  readonly memory: WasmMemory;
  readonly kernels: Readonly<Record<string, Kernel>>;
}

/** Of this thread; between two calls nothing in it counts. */
let machine: Machine | undefined;

function start(): Machine {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(kernelModule());
  const { exports } = new WebAssembly.Instance(module, { host: { memory } });
  return { memory, kernels: exports as Machine["kernels"] };
}

/** The memory, of so many bytes at least; grown, it is another buffer. */
function room({ memory }: Machine, bytes: number): ArrayBuffer {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  return memory.buffer;
}

const align = (bytes: number): number => 16 * Math.ceil(bytes / 16);
