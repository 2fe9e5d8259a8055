/** What came of it: what is kept, and the groups. */
import type { Distinct } from "./distinct.ts";
import type { Group, Stage } from "./groups.ts";
import { keepRules } from "./keep.ts";
import type { RowLog } from "./row-log.ts";

export interface DedupeCounts {
  readonly rows: number;
  readonly kept: number;
  /** Groups of two and more. */
  readonly groups: number;
  /** How many each stage dropped. */
  readonly dropped: Readonly<Record<Stage, number>>;
}

/** Rows stay on disk until it is closed. Close with `await using`. */
export class Deduped implements AsyncDisposable {
  readonly #distinct: Distinct;
  readonly #log: RowLog;

  constructor(distinct: Distinct, log: RowLog) {
    this.#distinct = distinct;
    this.#log = log;
  }

  /** The number of the row that is kept for each row: its own where it is. */
  keptOf(row: number): number {
    return this.#distinct.keptOf(row);
  }

  count(): DedupeCounts {
    const dropped = { exact: 0, near: 0, semantic: 0 };
    let [kept, groups] = [0, 0];
    const { rows } = this.#distinct;
    for (let row = 0; row < rows; row++) {
      if (this.#distinct.keptOf(row) === row) kept++;
      else dropped[this.#distinct.foundOf(row).stage]++;
    }
    for (const _ of this.#distinct.groups()) groups++;
    return { rows, kept, groups, dropped };
  }

  /** Groups of two and more, in the order of their first rows. */
  *groups(): Generator<Group> {
    const { ids, keep } = this.#distinct;
    const { why } = keepRules[keep];
    for (const [kept, ...dropped] of this.#distinct.groups()) {
      yield {
        kept: { row: kept, id: ids[kept], why },
        dropped: dropped.map((row) => ({ row, id: ids[row], ...this.#distinct.foundOf(row) })),
      };
    }
  }

  /** The rows that are kept, in their order, as lines of JSON: id, text and further fields. @throws io */
  async *keptLines(): AsyncGenerator<string> {
    yield* this.#log.lines(this.#keptRows());
  }

  /** The texts of some rows, which must ascend. @throws io */
  async *texts(rows: Iterable<number>): AsyncGenerator<string> {
    for await (const line of this.#log.lines(rows))
      yield (JSON.parse(line) as { text: string }).text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log[Symbol.asyncDispose]();
  }

  *#keptRows(): Generator<number> {
    for (let row = 0; row < this.#distinct.rows; row++) {
      if (this.#distinct.keptOf(row) === row) yield row;
    }
  }
}
