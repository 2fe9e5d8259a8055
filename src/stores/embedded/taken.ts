import type { Table as ArrowTable, RecordBatch } from "apache-arrow";
import type { Stored } from "../store.ts";
import { type Columns, type LanceRow, storedOf } from "./columns.ts";

/** Rows by the numbers that Lance gives them, with their vectors as they lie in memory; what else a row holds is read when it is asked for. */
export class Taken {
  readonly #columns: Columns;
  readonly #places = new Map<bigint, { readonly batch: RecordBatch; readonly row: number }>();

  constructor(table: ArrowTable, columns: Columns) {
    this.#columns = columns;
    for (const batch of table.batches) {
      const ids = batch.getChild("_rowid")!;
      for (let row = 0; row < batch.numRows; row++) {
        this.#places.set(BigInt(ids.get(row)), { batch, row });
      }
    }
  }

  has(key: bigint): boolean {
    return this.#places.has(key);
  }

  /** A view of `[D]`. */
  vector(key: bigint): Float32Array {
    const { batch, row } = this.#places.get(key)!;
    const { dims } = this.#columns.space;
    const { offset, children } = batch.getChild("vector")!.data[0];
    const values = children[0].values as Float32Array;
    return values.subarray((offset + row) * dims, (offset + row + 1) * dims);
  }

  stored(key: bigint): Stored {
    const { batch, row } = this.#places.get(key)!;
    const cell = (name: string) => batch.getChild(name)!.get(row);
    const found = { id: cell("id"), text: cell("text"), payload: cell("payload") } as LanceRow;
    return storedOf(found, this.#columns);
  }
}
