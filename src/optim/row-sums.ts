import type { RowGradient } from "./adamw.ts";

/** Row gradients as a graph gives them: row `indices[n]` of the table gets `rows[n]`; a row may be named often. */
export interface RowUpdate {
  readonly indices: ArrayLike<number>;
  /** `[N, D]`. */
  readonly rows: Float32Array;
  /** Which of `rows` the n-th index gets, where they are not one to one, and times what. */
  readonly source?: { readonly row: ArrayLike<number>; readonly scale: ArrayLike<number> };
}

/** Adds up the rows that updates name more than once; keeps its buffers from batch to batch. */
export class RowSums {
  readonly #width: number;
  /** Where in `#rows` a table row is summed; -1 where it isn't. */
  readonly #slots: Int32Array;
  #indices = new Int32Array(0);
  #rows = new Float32Array(0);

  constructor(tableRows: number, width: number) {
    this.#width = width;
    this.#slots = new Int32Array(tableRows).fill(-1);
  }

  /** Each row once, in the order of first mention. Good until the next call: the buffers are reused. */
  sum(updates: readonly RowUpdate[]): RowGradient {
    const width = this.#width;
    const used = this.#claim(updates);
    for (const { indices, rows, source } of updates) {
      for (let n = 0; n < indices.length; n++) {
        const to = this.#slots[Number(indices[n])] * width;
        const from = (source ? source.row[n] : n) * width;
        const scale = source ? source.scale[n] : 1;
        for (let i = 0; i < width; i++) this.#rows[to + i] += scale * rows[from + i];
      }
    }
    const indices = this.#indices.subarray(0, used);
    for (const row of indices) this.#slots[row] = -1;
    return { indices, rows: this.#rows.subarray(0, used * width) };
  }

  /** Gives each row that is named a slot of zeros. */
  #claim(updates: readonly RowUpdate[]): number {
    const most = updates.reduce((total, { indices }) => total + indices.length, 0);
    if (this.#indices.length < Math.min(most, this.#slots.length)) {
      this.#indices = new Int32Array(Math.min(most, this.#slots.length));
    }
    let used = 0;
    for (const { indices } of updates) {
      for (let n = 0; n < indices.length; n++) {
        const row = Number(indices[n]);
        if (this.#slots[row] >= 0) continue;
        this.#slots[row] = used;
        this.#indices[used++] = row;
      }
    }
    const size = used * this.#width;
    if (this.#rows.length < size) this.#rows = new Float32Array(size);
    else this.#rows.fill(0, 0, size);
    return used;
  }
}
