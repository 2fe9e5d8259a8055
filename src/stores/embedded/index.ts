/**
 * A store in a folder, the default: rows, filters and keyword search are LanceDB's (`rows.lance/`), and `store.json` says which version of
 * the table counts, in which space and formats, and the hash of every file. A change is there once `store.json` is replaced: killed before, it never
 * was. Readers keep the state they opened. From 20,000 rows on `optimize` derives a graph of nearest neighbours (usearch), which is searched
 * where no filter is asked for.
 */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { asIoError, removeTemporaries } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";
import { acquireLock } from "../../lock.ts";
import { requireSameSpace } from "../../space.ts";
import { keptAsTheyAre, requireSameScheme, schemeOf } from "../kept.ts";
import { isUrl } from "../server-reference.ts";
import type { OpenStoreOptions, StoreKind, VectorStore } from "../store.ts";
import { markFiles, removeUnmarked, TABLE_FOLDER, verifyFiles } from "./files.ts";
import { MANIFEST, NEAREST_FILE, readRecord, type StoreRecord, writeRecord } from "./record.ts";

export { TABLE_FOLDER } from "./files.ts";
export { MANIFEST, NEAREST_FILE } from "./record.ts";

/** Whoever writes holds it. */
export const LOCK = "lock";

/** Graphs that a killed writer left. */
async function removeOldGraphs(folder: string, { nearest }: StoreRecord): Promise<void> {
  for (const name of await readdir(folder)) {
    if (NEAREST_FILE.test(name) && name !== nearest?.file) await rm(join(folder, name));
  }
}

/** What needs Arrow and LanceDB, loaded with the first index: no other command waits for it. */
async function engine() {
  const [{ EmbeddedStore }, { createTable, openTable }] = await Promise.all([
    import("./embedded-store.ts"),
    import("./lance-table.ts"),
  ]);
  return { EmbeddedStore, createTable, openTable };
}

export const embedded: StoreKind = {
  about: "a folder, by LanceDB: the default",
  example: "./index",
  claims: (reference) => !isUrl(reference),
  persistent: true,
  formats: true,
  open: openEmbeddedStore,
};

/**
 * Opens the index in a folder, or begins one when `model` is given.
 * @throws not-found; exists while another process writes there; mismatch for a model of another space or another format; bad-input for
 * files that are missing, damaged or foreign
 */
export async function openEmbeddedStore(
  folder: string,
  { model, access = "write", notes = {}, kept }: OpenStoreOptions = {},
): Promise<VectorStore> {
  await using closing = new AsyncDisposableStack();
  const found = await readRecord(folder);
  if (!found && (access === "read" || !model)) {
    throw new NearfoldError("not-found", "there is no index here", {
      at: folder,
      wanted: `a folder with ${MANIFEST}`,
    });
  }
  if (found && model) requireSameSpace({ name: folder, space: found.space }, model);
  if (found && kept) requireSameScheme(folder, schemeOf(found.kept), schemeOf(kept));
  const { EmbeddedStore, createTable, openTable } = await engine();
  const table = join(folder, TABLE_FOLDER);
  if (access === "read") {
    await verifyFiles(table, found!.files, { missing: found!.cleaning === true });
    const opened = await openTable(folder, found!.version);
    return new EmbeddedStore(folder, found!, opened, { writes: false, closing: closing.move() });
  }
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw asIoError(cause, folder);
  });
  closing.use(await acquireLock(join(folder, LOCK)));
  await removeTemporaries(folder);
  // Again, now that nobody else can change it.
  const current = await readRecord(folder);
  if (current) {
    await verifyFiles(table, current.files, { missing: current.cleaning === true });
    await removeUnmarked(table, current.files);
    await removeOldGraphs(folder, current);
    const opened = await openTable(folder, current.version);
    return new EmbeddedStore(folder, current, opened, { writes: true, closing: closing.move() });
  }
  // What a killed beginner left.
  await rm(table, { recursive: true, force: true });
  const columns = { space: model!.space, kept: kept ?? keptAsTheyAre(model!.space) };
  const opened = await createTable(folder, columns);
  const version = await opened.version();
  const record: StoreRecord = { ...columns, notes, version, files: await markFiles(table, {}) };
  await writeRecord(folder, record);
  return new EmbeddedStore(folder, record, opened, { writes: true, closing: closing.move() });
}
