import type { CodeBlock } from "../vectors/search.ts";
import { RowArena } from "../vectors/simd/machine.ts";

/** Bytes of a block. */
const BLOCK_BYTES = 2 ** 20;

/** The rows of so many bytes that make a block. */
export function blockRows(rowBytes: number): number {
  return Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
}

/** Codes of vectors in memory, in blocks: room for more is taken a block at a time. */
export class CodeBlocks {
  readonly #size: number;
  readonly #blockRows: number;
  readonly #blocks: Uint8Array[] = [];
  readonly #arena = new RowArena();
  #rows = 0;

  /** @param size bytes of a row */
  constructor(size: number) {
    this.#size = size;
    this.#blockRows = blockRows(size);
  }

  append(code: Uint8Array): void {
    const place = this.#rows++ % this.#blockRows;
    if (place === 0) this.#blocks.push(this.#newBlock());
    this.#blocks.at(-1)!.set(code, place * this.#size);
  }

  /** Most stores are small: an arena is for those that are not. */
  #newBlock(): Uint8Array {
    const bytes = this.#blockRows * this.#size;
    return this.#blocks.length === 0 ? new Uint8Array(bytes) : this.#arena.take(bytes);
  }

  /** A view of a row's code. */
  row(row: number): Uint8Array {
    const start = (row % this.#blockRows) * this.#size;
    return this.#blocks[Math.floor(row / this.#blockRows)].subarray(start, start + this.#size);
  }

  /** Copies of some rows, one after another. */
  gather(rows: readonly number[]): Uint8Array {
    const out = new Uint8Array(rows.length * this.#size);
    rows.forEach((row, i) => {
      out.set(this.row(row), i * this.#size);
    });
    return out;
  }

  /** The blocks in the order of the rows. */
  *blocks(): Generator<CodeBlock> {
    for (const [i, codes] of this.#blocks.entries()) {
      const first = i * this.#blockRows;
      yield { codes, rows: Math.min(this.#blockRows, this.#rows - first), first };
    }
  }
}
