/** What of an index counts, and how it changes: one change after the other, each there as a whole or not at all. */
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { markFiles, TABLE_FOLDER } from "./files.ts";
import { named } from "./lance-table.ts";
import { type StoreRecord, writeRecord } from "./record.ts";

/** Versions that somebody may still read stay this long. */
const KEEP_MS = 3_600_000;

export class Commits {
  readonly #folder: string;
  readonly #table: Table;
  #record: StoreRecord;
  /** The last change, so that the next begins after it. */
  #change: Promise<unknown> = Promise.resolve();

  constructor(folder: string, table: Table, record: StoreRecord) {
    this.#folder = folder;
    this.#table = table;
    this.#record = record;
  }

  get record(): StoreRecord {
    return this.#record;
  }

  /** Runs a change alone. One that fails leaves the table ahead of the record: it is brought back, and `undo` forgets what followed from it. */
  async alone<T>(change: () => Promise<T>, undo: () => void): Promise<T> {
    const guarded = async () => {
      try {
        return await change();
      } catch (error) {
        await this.#goBack();
        undo();
        throw error;
      }
    };
    const next = this.#change.then(() => named(this.#folder, guarded));
    this.#change = next.catch(() => {});
    return await next;
  }

  /** After the changes that were begun. */
  async settled(): Promise<void> {
    await this.#change;
  }

  /** Makes what the table is now what counts, and `more` with it. */
  async commit(more: Partial<StoreRecord> = {}): Promise<void> {
    const version = await this.#table.version();
    const files = await markFiles(join(this.#folder, TABLE_FOLDER), this.#record.files);
    await this.#write({ ...this.#record, ...more, version, files });
  }

  /** Joins small files, brings the index of words up to date, and removes what no version of the last hour needs. */
  async compact(): Promise<void> {
    await this.#table.optimize();
    await this.commit();
    // From here until the next record is written, a file that is missing is none that is needed.
    await this.#write({ ...this.#record, cleaning: true });
    await this.#table.optimize({ cleanupOlderThan: new Date(Date.now() - KEEP_MS) });
    await this.commit({ cleaning: false });
  }

  async #write(record: StoreRecord): Promise<void> {
    await writeRecord(this.#folder, record);
    this.#record = record;
  }

  async #goBack(): Promise<void> {
    const { version } = this.#record;
    if ((await this.#table.version()) === version) return;
    await this.#table.checkout(version);
    await this.#table.restore();
  }
}
