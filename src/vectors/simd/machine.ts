/** Memories of WebAssembly with the kernels over them: one that rows are copied into, and ones that rows lie in. */
import type { NumberType } from "./arithmetics.ts";
import { type Find, type Kernel, kernelModule, slackOf } from "./kernels.ts";

/** Of WebAssembly's memory. */
const PAGE = 2 ** 16;
/** Bytes of an arena; those that nothing was written to take no room in the machine's memory. */
const ARENA = 2 ** 26;
/** Of these, the last ones are for queries and sums. */
const SCRATCH = 2 ** 20;

export type KernelName = `${NumberType}-${"some" | "one"}`;
export type FindName = `${NumberType}-find`;

/** Kernels, and where in their memory they find what. */
export interface Places {
  readonly kernels: Readonly<Record<KernelName, Kernel> & Record<FindName, Find>>;
  readonly buffer: ArrayBuffer;
  /** The address of room for queries and sums. */
  readonly scratch: number;
  /** The address of the first row. */
  readonly rows: number;
}

let compiled: object | undefined;

function kernelsOf(memory: WasmMemory): Places["kernels"] {
  compiled ??= new WebAssembly.Module(kernelModule());
  const { exports } = new WebAssembly.Instance(compiled, { host: { memory } });
  return exports as Places["kernels"];
}

/** The kernels of each arena, by its buffer. */
const arenas = new WeakMap<ArrayBufferLike, Places["kernels"]>();

/**
 * Where the kernels find rows of so many bytes each, and so many bytes for queries and sums: where the rows lie if that is in an arena, or else copied.
 * Good until the next call in this thread.
 */
export function placesOf(rows: Uint8Array, rowBytes: number, scratchBytes: number): Places {
  const kernels = arenas.get(rows.buffer);
  const slack = slackOf(rowBytes);
  if (kernels && Math.max(slack, scratchBytes) <= SCRATCH) {
    const buffer = rows.buffer as ArrayBuffer;
    return { kernels, buffer, scratch: ARENA - SCRATCH, rows: rows.byteOffset };
  }
  return copied(rows, aligned(scratchBytes), slack);
}

/** Of this thread; between two calls nothing in it counts. */
let shared: { readonly memory: WasmMemory; readonly kernels: Places["kernels"] } | undefined;

function copied(rows: Uint8Array, first: number, slack: number): Places {
  if (!shared) {
    const memory = new WebAssembly.Memory({ initial: 1 });
    shared = { memory, kernels: kernelsOf(memory) };
  }
  const { memory, kernels } = shared;
  const missing = first + rows.length + slack - memory.buffer.byteLength;
  // Grown, it is another buffer.
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  new Uint8Array(memory.buffer, first).set(rows);
  return { kernels, buffer: memory.buffer, scratch: 0, rows: first };
}

/** Gives out room for rows that the kernels read where they lie. It is never taken back: all of an arena goes when nobody holds a part of it. */
export class RowArena {
  #buffer: ArrayBuffer | undefined;
  #taken = 0;

  /** Ordinary memory for more than 63 MiB, and where the system has no addresses left for an arena, which takes some gigabytes of them. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const room = ARENA - SCRATCH;
    if (bytes > room) return new Uint8Array(bytes);
    if (!this.#buffer || this.#taken + bytes > room) {
      this.#buffer = newArena();
      this.#taken = 0;
    }
    if (!this.#buffer) return new Uint8Array(bytes);
    const part = new Uint8Array(this.#buffer, this.#taken, bytes);
    this.#taken += aligned(bytes);
    return part;
  }
}

function newArena(): ArrayBuffer | undefined {
  const pages = ARENA / PAGE;
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    arenas.set(memory.buffer, kernelsOf(memory));
    return memory.buffer;
  } catch {
    return undefined;
  }
}

/** Where the next 16 bytes of a register begin. */
export const aligned = (bytes: number): number => 16 * Math.ceil(bytes / 16);
