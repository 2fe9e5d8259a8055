/** The rows of an index in a Lance table, opened at one version, and changed one version after another. */
import type { Table } from "@lancedb/lancedb";
import { NearfoldError } from "../../errors.ts";
import { type Columns, schemaOf } from "./columns.ts";
import { TABLE } from "./files.ts";

/** LanceDB, loaded when the first index is opened: its library is large. */
async function lancedb() {
  // It says on standard error what it will do otherwise one day.
  process.env.LANCE_LOG ??= "error";
  return await import("@lancedb/lancedb");
}

/** Makes an empty table whose rows keep their ids when it is compacted, with an index of words. */
export async function createTable(folder: string, columns: Columns): Promise<Table> {
  const { connect, Index } = await lancedb();
  return await named(folder, async () => {
    const storageOptions = { new_table_enable_stable_row_ids: "true" };
    const connection = await connect(folder, { storageOptions });
    const table = await connection.createEmptyTable(TABLE, schemaOf(columns));
    const words = { withPosition: false, stem: true, removeStopWords: true, language: "English" };
    await table.createIndex("text", { config: Index.fts(words) });
    return table;
  });
}

/** Opens a table at a version. Lance reads the latest one first, also where it is asked for another. */
export async function openTable(folder: string, version: number): Promise<Table> {
  const { connect } = await lancedb();
  return await named(folder, async () => {
    const connection = await connect(folder);
    const table = await connection.openTable(TABLE);
    if ((await table.version()) !== version) await table.checkout(version);
    return table;
  });
}

/** A keyword query: its words, whatever else stands in it. */
export async function matchQuery(text: string) {
  const { MatchQuery } = await lancedb();
  return new MatchQuery(text, "text");
}

/** Says in our words that LanceDB failed: the first line of its message, which names no more than files and columns. */
export async function named<T>(at: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof NearfoldError) throw cause;
    const got = String((cause as Error).message)
      .split("\n", 1)[0]
      .slice(0, 300);
    throw new NearfoldError("io", "LanceDB could not do this", { at, got, cause });
  }
}
