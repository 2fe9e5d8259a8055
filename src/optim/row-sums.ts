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
  #used = 0;

  constructor(tableRows: number, width: number) {
    this.#width = width;
    this.#slots = new Int32Array(tableRows).fill(-1);
  }

  /** Adds an update to the sums; its arrays may be let go afterwards. */
  add({ indices, rows, source }: RowUpdate): void {
    const width = this.#width;
    this.#claim(indices);
    for (let n = 0; n < indices.length; n++) {
      const to = this.#slots[Number(indices[n])] * width;
      const from = (source ? source.row[n] : n) * width;
      const scale = source ? source.scale[n] : 1;
      for (let i = 0; i < width; i++) this.#rows[to + i] += scale * rows[from + i];
    }
  }

  /** Each row once, in the order of first mention, and begins anew. Good until the next `add`: the buffers are reused. */
  take(): RowGradient {
    const indices = this.#indices.subarray(0, this.#used);
    for (const row of indices) this.#slots[row] = -1;
    const rows = this.#rows.subarray(0, this.#used * this.#width);
    this.#used = 0;
    return { indices, rows };
  }

  /** The sums of these updates alone. */
  sum(updates: readonly RowUpdate[]): RowGradient {
    for (const update of updates) this.add(update);
    return this.take();
  }

  /** Gives each row that is named a slot of zeros. */
  #claim(indices: ArrayLike<number>): void {
    const before = this.#used;
    const most = Math.min(before + indices.length, this.#slots.length);
    if (this.#indices.length < most) this.#indices = grown(this.#indices, most);
    for (let n = 0; n < indices.length; n++) {
      const row = Number(indices[n]);
      if (this.#slots[row] >= 0) continue;
      this.#slots[row] = this.#used;
      this.#indices[this.#used++] = row;
    }
    const size = this.#used * this.#width;
    if (this.#rows.length < size) this.#rows = grown(this.#rows, size);
    this.#rows.fill(0, before * this.#width, size);
  }
}

/** A longer array that begins with what is in this one; with room to spare where it grows again and again. */
function grown<A extends Int32Array | Float32Array>(array: A, least: number): A {
  const longer = new (array.constructor as new (size: number) => A)(
    array.length === 0 ? least : Math.max(least, Math.ceil(array.length * 1.5)),
  );
  longer.set(array);
  return longer;
}
