/**
 * The best of many rows: a binary heap with the worst kept row on top. Of equal scores the row of the smaller place is
 * better, so the result does not depend on the order of `push`. Scores must be numbers: a NaN has no place.
 */
export class TopK {
  readonly #scores: Float64Array;
  readonly #rows: Int32Array;
  readonly #places: Int32Array | undefined;
  #size = 0;

  /**
   * @param room how many are kept; all of it is taken at once
   * @param places of the rows, where it is not their number
   */
  constructor(room: number, places?: Int32Array) {
    this.#scores = new Float64Array(room);
    this.#rows = new Int32Array(room);
    this.#places = places;
  }

  /** Whether `push` would keep it. */
  takes(score: number, row: number): boolean {
    const room = this.#rows.length;
    if (this.#size < room) return true;
    return room > 0 && this.#worse(this.#scores[0], this.#rows[0], score, row);
  }

  /** What a score must reach, at least, to be kept. */
  get least(): number {
    if (this.#size < this.#rows.length) return Number.NEGATIVE_INFINITY;
    return this.#size > 0 ? this.#scores[0] : Number.POSITIVE_INFINITY;
  }

  push(score: number, row: number): void {
    if (!this.takes(score, row)) return;
    if (this.#size < this.#rows.length) this.#rise(this.#size++, score, row);
    else this.#sink(0, score, row);
  }

  /** Gives the place of a kept row, `rows()[at]`, to another if that is better. */
  replace(at: number, score: number, row: number): void {
    if (this.#worse(this.#scores[at], this.#rows[at], score, row)) this.#sink(at, score, row);
  }

  /** The rows that are kept, in no order: good until the next change. */
  rows(): Int32Array {
    return this.#rows.subarray(0, this.#size);
  }

  /** Row numbers and scores, best first. */
  sorted(): { readonly row: number; readonly score: number }[] {
    const kept = Array.from(this.#rows.subarray(0, this.#size), (row, i) => ({
      row,
      score: this.#scores[i],
    }));
    return kept.sort((a, b) => (this.#worse(a.score, a.row, b.score, b.row) ? 1 : -1));
  }

  #worse(score: number, row: number, otherScore: number, otherRow: number): boolean {
    if (score !== otherScore) return score < otherScore;
    const places = this.#places;
    return places === undefined ? row > otherRow : places[row] > places[otherRow];
  }

  #rise(at: number, score: number, row: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#worse(score, row, this.#scores[parent], this.#rows[parent])) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#scores[at] = score;
    this.#rows[at] = row;
  }

  #sink(from: number, score: number, row: number): void {
    const scores = this.#scores;
    const rows = this.#rows;
    let at = from;
    for (let child = 2 * at + 1; child < this.#size; child = 2 * at + 1) {
      const right = child + 1;
      if (
        right < this.#size &&
        this.#worse(scores[right], rows[right], scores[child], rows[child])
      ) {
        child = right;
      }
      if (!this.#worse(scores[child], rows[child], score, row)) break;
      this.#move(child, at);
      at = child;
    }
    scores[at] = score;
    rows[at] = row;
  }

  #move(from: number, to: number): void {
    this.#scores[to] = this.#scores[from];
    this.#rows[to] = this.#rows[from];
  }
}
