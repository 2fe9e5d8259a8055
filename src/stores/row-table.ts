/** Which row holds which id. Rows are only ever added; a row whose id moved on or was taken out is dead. */
export class RowTable {
  readonly #ids: (string | undefined)[] = [];
  readonly #rows = new Map<string, number>();

  /** Rows, dead ones included. */
  get size(): number {
    return this.#ids.length;
  }

  /** Ids that are there. */
  get count(): number {
    return this.#rows.size;
  }

  /** Gives the next row to an id. */
  append(id: string): void {
    this.remove(id);
    this.#rows.set(id, this.#ids.push(id) - 1);
  }

  /** Whether the id was there. */
  remove(id: string): boolean {
    const row = this.#rows.get(id);
    if (row === undefined) return false;
    this.#ids[row] = undefined;
    return this.#rows.delete(id);
  }

  rowOf(id: string): number | undefined {
    return this.#rows.get(id);
  }

  /** The id of a row; undefined for a dead one. */
  idOf(row: number): string | undefined {
    return this.#ids[row];
  }

  readonly isLive = (row: number): boolean => this.#ids[row] !== undefined;

  /** The rows that are not dead, in order. */
  *live(): Generator<number> {
    for (let row = 0; row < this.#ids.length; row++) if (this.isLive(row)) yield row;
  }
}
