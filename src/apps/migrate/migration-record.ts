/** What of a change of models is under way, in the folder of the index: which model, and where its vectors go. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { asIoError, writeDurably } from "../../durable.ts";
import { NearfoldError } from "../../errors.ts";
import type { Space } from "../../space.ts";

const RECORD = "migration.json";
const FORMAT = "nearfold-migration";
const VERSION = 1;
const MAX_CHARACTERS = 2 ** 16;

export interface MigrationRecord {
  /** The model's name, for people. */
  readonly model: string;
  /** The id of its space. */
  readonly space: string;
  readonly dims: number;
  /** Where the vectors go, as an alias of the folder would lead there. */
  readonly target: string;
}

/** Where a model's vectors go in the folder of an index. */
export function generationOf({ id, dims }: Space): string {
  return `generations/${id.replace(/^sha256:/, "").slice(0, 16)}-${dims}`;
}

/** @returns undefined where nothing is under way. @throws bad-input, io */
export async function readMigration(folder: string): Promise<MigrationRecord | undefined> {
  const path = join(folder, RECORD);
  try {
    return parseMigration(await readFile(path, "utf8"), path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw asIoError(cause, path, "read");
  }
}

/** @throws bad-input; unsupported for another version */
export function parseMigration(json: string, at: string): MigrationRecord {
  const wrong = (got: string, wanted: string) =>
    new NearfoldError("bad-input", "not the record of a migration", { at, got, wanted });
  if (json.length > MAX_CHARACTERS) throw wrong(`${json.length} characters`, "a short file");
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new NearfoldError("bad-input", "not JSON", { at, got: json.slice(0, 60), cause });
  }
  const fields = (value ?? {}) as Partial<Record<string, unknown>>;
  const { format, formatVersion, model, space, dims, target } = fields;
  if (format !== FORMAT) throw wrong("another format", FORMAT);
  if (formatVersion !== VERSION) {
    const [got, hint] = [JSON.stringify(formatVersion) ?? "nothing", "Update nearfold"];
    throw new NearfoldError("unsupported", "another version wrote this", { at, got, hint });
  }
  const isText = (text: unknown) => typeof text === "string" && text !== "";
  if (![model, space, target].every(isText) || !Number.isSafeInteger(dims)) {
    throw wrong("other fields", "model, space, dims and target");
  }
  return { model, space, dims, target } as MigrationRecord;
}

/** @throws io */
export async function writeMigration(folder: string, record: MigrationRecord): Promise<void> {
  const fields = { format: FORMAT, formatVersion: VERSION, ...record };
  await writeDurably(join(folder, RECORD), `${JSON.stringify(fields)}\n`);
}

/** @throws io */
export async function removeMigration(folder: string): Promise<void> {
  await rm(join(folder, RECORD), { force: true });
}
