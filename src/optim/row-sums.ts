import type { RowGradient } from "./adamw.ts";

/** Row gradients as a graph gives them: the gradient of row `indices[n]` gets `rows[n]` added, rows may repeat. */
export interface RowUpdate {
  readonly indices: ArrayLike<number>;
  /** `[N, D]`. */
  readonly rows: Float32Array;
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
    const most = updates.reduce((total, { indices }) => total + indices.length, 0);
    if (this.#indices.length < most) {
      this.#indices = new Int32Array(most);
      this.#rows = new Float32Array(most * width);
    }
    let used = 0;
    for (const { indices, rows } of updates) {
      for (let n = 0; n < indices.length; n++) {
        const row = Number(indices[n]);
        const slot = this.#slots[row]!;
        const from = n * width;
        if (slot < 0) {
          this.#slots[row] = used;
          this.#indices[used] = row;
          this.#rows.set(rows.subarray(from, from + width), used * width);
          used++;
        } else {
          const to = slot * width;
          for (let i = 0; i < width; i++) this.#rows[to + i]! += rows[from + i]!;
        }
      }
    }
    const indices = this.#indices.subarray(0, used);
    for (const row of indices) this.#slots[row] = -1;
    return { indices, rows: this.#rows.subarray(0, used * width) };
  }
}
