/** A name for an index: a folder whose `alias.json` says where the index is, and is replaced as a whole. Readers see the old or the new. */
import { readFile, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { asIoError, exists, writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { MANIFEST } from "./embedded/record.ts";
import { isUrl, secretOf } from "./server-reference.ts";

const ALIAS = "alias.json";
const FORMAT = "nearfold-alias";
const VERSION = 1;
const MAX_BYTES = 2 ** 16;
const MAX_REFERENCE = 4096;
/** Names that stand for each other. */
const MAX_DEPTH = 8;
/** The index that lies in the alias's own folder. */
export const OWN = ".";

/** Where a name leads. References are URLs, or paths from the alias's folder with `/` between; `.` is the index in that folder itself. */
export interface Alias {
  readonly target: string;
  /** Where it led before. */
  readonly previous?: string;
}

/** @returns undefined where there is none. @throws bad-input, io */
export async function readAlias(folder: string): Promise<Alias | undefined> {
  const path = join(folder, ALIAS);
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw malformed(path, `${size} bytes`, `at most ${MAX_BYTES}`);
    return parseAlias(await readFile(path, "utf8"), path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw asIoError(cause, path, "read");
  }
}

/** @throws bad-input; unsupported for another version; `at` names the file */
export function parseAlias(json: string, at: string): Alias {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new NearfoldError("bad-input", "not JSON", { at, got: show(json), cause });
  }
  const { format, formatVersion, target, previous } = (value ?? {}) as Record<string, unknown>;
  if (format !== FORMAT) throw malformed(at, `format ${show(format)}`, `format "${FORMAT}"`);
  if (formatVersion !== VERSION) {
    const [got, wanted, hint] = [show(formatVersion), String(VERSION), "Update nearfold"];
    throw new NearfoldError("unsupported", "another version wrote this", {
      at,
      got,
      wanted,
      hint,
    });
  }
  if (!isReference(target)) throw malformed(at, `target ${show(target)}`, "a path or a URL");
  if (previous !== undefined && !isReference(previous)) {
    throw malformed(at, `previous ${show(previous)}`, "a path or a URL");
  }
  return { target, ...(previous !== undefined && { previous }) };
}

/** Replaces an alias, or makes it. @throws io; bad-argument for a reference that holds a password */
export async function writeAlias(folder: string, alias: Alias): Promise<void> {
  for (const reference of [alias.target, alias.previous ?? OWN]) requireNoPassword(reference);
  const fields = { format: FORMAT, formatVersion: VERSION, ...alias };
  await writeDurably(join(folder, ALIAS), `${JSON.stringify(fields)}\n`);
}

/** Leads a name to another index. @throws as `writeAlias` */
export async function switchAlias(folder: string, target: string): Promise<Alias> {
  const before = await readAlias(folder);
  if (before?.target === target) return before;
  const own = (await exists(join(folder, MANIFEST))) ? OWN : undefined;
  const previous = before?.target ?? own;
  const alias = { target, ...(previous !== undefined && { previous }) };
  await writeAlias(folder, alias);
  return alias;
}

/**
 * What a reference stands for in the end; itself where it is no alias.
 * @throws bad-input for names that lead in a circle or too far; not-found for one that leads to nothing
 */
export async function followAlias(reference: string): Promise<string> {
  let place = reference;
  const seen = new Set<string>();
  while (!isUrl(place)) {
    const alias = await readAlias(place);
    if (!alias) break;
    seen.add(resolve(place));
    if (alias.target === OWN) return await requireThere(place, reference);
    place = fromAlias(place, alias.target);
    if (seen.has(resolve(place))) {
      throw new NearfoldError("bad-input", "the alias leads in a circle", {
        at: reference,
        got: `back to ${place}`,
        hint: "Lead it to an index: nearfold alias NAME --to INDEX",
      });
    }
    if (seen.size > MAX_DEPTH) {
      const wanted = `at most ${MAX_DEPTH} aliases one after the other`;
      throw new NearfoldError("bad-input", "the alias leads too far", { at: reference, wanted });
    }
  }
  return seen.size > 0 && !isUrl(place) ? await requireThere(place, reference) : place;
}

/** A reference as it stands in an alias. @param folder of the alias. @throws bad-argument for a reference that holds a password */
export function toAlias(folder: string, reference: string): string {
  requireNoPassword(reference);
  if (isUrl(reference)) return reference;
  const path = relative(resolve(folder), resolve(reference));
  return path === "" ? OWN : path.split(sep).join("/");
}

/** The reverse of `toAlias`. */
export function fromAlias(folder: string, target: string): string {
  if (isUrl(target) || isAbsolute(target)) return target;
  return target === OWN ? folder : join(folder, target);
}

/** @throws bad-argument: an alias is a file that others read */
function requireNoPassword(reference: string): void {
  const got = secretOf(reference);
  if (got === undefined) return;
  throw new NearfoldError("bad-argument", "an alias keeps no password", {
    got,
    hint: "Leave it out of the URL: PostgreSQL's is read from PGPASSWORD where the index is used",
  });
}

async function requireThere(folder: string, alias: string): Promise<string> {
  if (await exists(join(folder, MANIFEST))) return folder;
  throw new NearfoldError("not-found", "the alias leads to no index", {
    at: alias,
    got: folder,
    hint: "Lead it to one: nearfold alias NAME --to INDEX",
  });
}

function isReference(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_REFERENCE;
}

function malformed(at: string, got: string, wanted: string): NearfoldError {
  return new NearfoldError("bad-input", "not an alias", { at, got, wanted });
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}
