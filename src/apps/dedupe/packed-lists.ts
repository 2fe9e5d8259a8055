/** Lists of numbers end to end, by the million: what a row has of its own. */

/** Numbers in one piece of memory: pieces are added, none is copied to grow. */
const PIECE = 2 ** 22;

/** Append-only lists of unsigned 32-bit numbers, each given back as a view. */
export class PackedLists {
  readonly #pieces: Uint32Array[] = [];
  /** Room left in the last piece begins here. */
  #used = PIECE;
  #starts = new Float64Array(1024);
  #lengths = new Uint32Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(list: Uint32Array): void {
    if (this.#used + list.length > (this.#pieces.at(-1)?.length ?? 0)) {
      this.#pieces.push(new Uint32Array(Math.max(PIECE, list.length)));
      this.#used = 0;
    }
    if (this.#count === this.#lengths.length) this.#grow();
    const piece = this.#pieces.length - 1;
    this.#pieces[piece].set(list, this.#used);
    this.#starts[this.#count] = piece * 2 ** 32 + this.#used;
    this.#lengths[this.#count++] = list.length;
    this.#used += list.length;
  }

  /** A view: do not write. */
  at(row: number): Uint32Array {
    const start = this.#starts[row];
    const piece = Math.floor(start / 2 ** 32);
    const from = start - piece * 2 ** 32;
    return this.#pieces[piece].subarray(from, from + this.#lengths[row]);
  }

  #grow(): void {
    const starts = new Float64Array(2 * this.#starts.length);
    const lengths = new Uint32Array(2 * this.#lengths.length);
    starts.set(this.#starts);
    lengths.set(this.#lengths);
    [this.#starts, this.#lengths] = [starts, lengths];
  }
}
