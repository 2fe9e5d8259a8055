/** The generations of an index in its folder: which one is asked, and what becomes of the others. */
import { readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { exists } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";
import { acquireLock } from "../../lock.ts";
import {
  type Alias,
  fromAlias,
  OWN,
  readAlias,
  switchAlias,
  writeAlias,
} from "../../stores/alias.ts";
import { LOCK, MANIFEST, NEAREST_FILE, TABLE_FOLDER } from "../../stores/embedded/index.ts";
import { isUrl } from "../../stores/server-reference.ts";
import { readMigration, removeMigration } from "./migration-record.ts";

const GENERATIONS = "generations";

/** What `.` is made of, its record first: without it nobody takes the rest for an index. */
const OWN_FILES = [MANIFEST, TABLE_FOLDER, "adapters"];

/** Leads the folder's name to another generation; a migration there is over. @throws io */
export async function cutOver(folder: string, target: string): Promise<Alias> {
  const alias = await switchAlias(folder, target);
  await removeMigration(folder);
  return alias;
}

/** A cut-over that was killed before its last step is brought to its end. */
export async function settle(folder: string): Promise<void> {
  const [record, alias] = [await readMigration(folder), await readAlias(folder)];
  if (record && alias?.target === record.target) await removeMigration(folder);
}

/** Leads it back to what it was before, and what it is now becomes what it was before. @throws not-found; exists while somebody writes there */
export async function rollBack(folder: string): Promise<Alias> {
  const { target, previous } = (await readAlias(folder)) ?? {};
  if (previous === undefined || target === undefined) {
    throw new NearfoldError("not-found", "there is nothing to go back to", {
      at: folder,
      hint: "No cut-over was made, or what was before was dropped",
    });
  }
  await requireUnused(fromAlias(folder, target));
  return await switchAlias(folder, previous);
}

/**
 * Removes every generation in the folder that is neither asked nor being made. What lies elsewhere is forgotten, and stays. Killed and called again it
 * goes on.
 * @returns what went, and what was left elsewhere
 * @throws not-found where there is no other; exists while somebody writes into one
 */
export async function dropOld(
  folder: string,
): Promise<{ readonly dropped: readonly string[]; readonly elsewhere?: string }> {
  const alias = await readAlias(folder);
  const making = (await readMigration(folder))?.target;
  const old = alias ? (await generationsIn(folder)).filter(isOld(alias, making)) : [];
  const elsewhere = alias?.previous !== undefined && !isInside(alias.previous);
  if (!alias || (old.length === 0 && alias.previous === undefined)) {
    throw new NearfoldError("not-found", "there is no old generation", { at: folder });
  }
  for (const target of old) await requireUnused(fromAlias(folder, target));
  await writeAlias(folder, { target: alias.target });
  for (const target of old) await remove(folder, target);
  return { dropped: old, ...(elsewhere && { elsewhere: alias.previous }) };
}

const isOld = (alias: Alias, making: string | undefined) => (target: string) =>
  target !== alias.target && target !== making;

/** Gives up a migration: what it has made goes. @throws not-found; exists while it runs */
export async function cancelMigration(folder: string): Promise<string> {
  const record = await readMigration(folder);
  if (!record) {
    throw new NearfoldError("not-found", "no migration is under way", { at: folder });
  }
  const { target, previous } = (await readAlias(folder)) ?? {};
  const isAsked = record.target === target || record.target === previous;
  if (isInside(record.target) && !isAsked) {
    await requireUnused(fromAlias(folder, record.target));
    await remove(folder, record.target);
  }
  await removeMigration(folder);
  return record.model;
}

async function generationsIn(folder: string): Promise<readonly string[]> {
  const found = await readdir(join(folder, GENERATIONS)).catch(() => []);
  // A table without a record: a removal that was killed.
  const there = await Promise.all(
    [MANIFEST, TABLE_FOLDER].map((name) => exists(join(folder, name))),
  );
  const own = there.some(Boolean) ? [OWN] : [];
  return [...own, ...found.map((name) => `${GENERATIONS}/${name}`).filter(isInside)];
}

function isInside(target: string): boolean {
  return target === OWN || /^generations\/\w[\w.-]*$/.test(target);
}

/** @throws exists while somebody writes there */
async function requireUnused(folder: string): Promise<void> {
  if (isUrl(folder) || !(await exists(folder))) return;
  const lock = await acquireLock(join(folder, LOCK));
  await lock[Symbol.asyncDispose]();
}

async function remove(folder: string, target: string): Promise<void> {
  if (target !== OWN) {
    const path = resolve(folder, target);
    await rm(join(path, MANIFEST), { force: true });
    await rm(path, { recursive: true, force: true });
    return;
  }
  const derived = (await readdir(folder)).filter((name) => NEAREST_FILE.test(name));
  for (const name of [...OWN_FILES, ...derived]) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
