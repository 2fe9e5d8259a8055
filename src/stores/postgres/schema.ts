/**
 * What lies in the database: a schema `nearfold`, in it a table for each index, and `nearfold.indexes`, which records whose vectors each holds.
 */
import type { PoolClient } from "pg";
import { NearfoldError } from "../../errors.ts";
import { type Named, requireSameSpace, type Space } from "../../space.ts";
import type { OpenStoreOptions, Payload } from "../store.ts";
import type { Connections } from "./connections.ts";
import { MAX_DIMS } from "./halfvec.ts";

/** The table's own name is not taken by an index. */
export const RECORDS = "indexes";
const VERSION = 1;
/** Two that begin at once: one of them waits. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('nearfold', 0))`;
/** What a tsvector has room for, whatever the text: 1 MiB of words and where they stand. */
const TEXT_CHARACTERS = 200_000;
/** How texts become words. In `text-search.ts` too. */
export const CONFIGURATION = "english";

export interface IndexRecord {
  readonly space: Space;
  readonly notes: Payload;
}

/** A table, or something that belongs to one, as SQL names it. No index has a dot in its name. */
export const nameOf = (index: string, part?: string) =>
  `nearfold."${part === undefined ? index : `${index}.${part}`}"`;

/**
 * What is recorded of an index; made first, where it is not there and `model` is given.
 * @throws not-found; mismatch; unsupported without pgvector 0.8 or later, in a database that is not of UTF-8, or for more than 4,000 dimensions
 */
export async function openIndex(
  connections: Connections,
  { name, index }: { readonly name: string; readonly index: string },
  { model, access = "write", notes = {} }: OpenStoreOptions,
): Promise<IndexRecord> {
  const doing = "to open the index";
  let record = await connections.read((client) => readRecord(client, index, name), { doing });
  if (!record) {
    if (access === "read" || !model) {
      throw new NearfoldError("not-found", "there is no index here", {
        at: name,
        wanted: `a row of nearfold.${RECORDS}, and a model for a new one`,
      });
    }
    requireDims(model, name);
    record = await connections.transaction(
      async (client) => {
        await client.query(LOCK);
        await requireVector(client, name);
        // Again, now that nobody else can make it.
        const made = await readRecord(client, index, name);
        if (made) return made;
        await create(client, index, { space: model.space, notes });
        return { space: model.space, notes };
      },
      { doing },
    );
  }
  if (model) requireSameSpace({ name, space: record.space }, model);
  return record;
}

function requireDims({ space: { dims } }: Named<Space>, at: string): void {
  if (dims <= MAX_DIMS) return;
  throw new NearfoldError("unsupported", "pgvector's indexes hold no vectors that long", {
    at,
    got: `${dims} dimensions`,
    wanted: `at most ${MAX_DIMS}`,
    hint: "Use fewer of a model that was trained by Matryoshka, or another store",
  });
}

async function readRecord(
  client: PoolClient,
  index: string,
  at: string,
): Promise<IndexRecord | undefined> {
  const there = await client.query(`SELECT to_regclass('nearfold.${RECORDS}') IS NOT NULL AS yes`);
  if (!there.rows[0].yes) return undefined;
  const sql = `SELECT version, space, notes FROM nearfold.${RECORDS} WHERE name = $1`;
  const [row] = (await client.query(sql, [index])).rows;
  if (!row) return undefined;
  const { version, space, notes } = row;
  if (version !== VERSION) {
    const [got, wanted] = [`version ${version}`, `${VERSION}`];
    const hint = "Build it anew, or update nearfold";
    throw new NearfoldError("unsupported", "another version wrote this index", {
      ...{ at, got, wanted, hint },
    });
  }
  return { space, notes };
}

async function create(client: PoolClient, index: string, record: IndexRecord): Promise<void> {
  const { space, notes } = record;
  await client.query(`CREATE SCHEMA IF NOT EXISTS nearfold`);
  await client.query(`CREATE TABLE IF NOT EXISTS nearfold.${RECORDS} (
    name text PRIMARY KEY, version int NOT NULL, space jsonb NOT NULL, notes jsonb NOT NULL)`);
  const text = `CASE WHEN jsonb_typeof(payload -> 'text') = 'string'
    THEN left(payload ->> 'text', ${TEXT_CHARACTERS}) ELSE '' END`;
  await client.query(`CREATE TABLE ${nameOf(index)} (
    id text COLLATE "C" PRIMARY KEY,
    vector halfvec(${space.dims}) NOT NULL,
    payload jsonb,
    words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('${CONFIGURATION}', ${text})) STORED)`);
  const gin = (part: string, what: string) =>
    client.query(`CREATE INDEX "${index}.${part}" ON ${nameOf(index)} USING gin (${what})`);
  await gin("words", "words");
  await gin("payload", "payload jsonb_path_ops");
  const values = [index, VERSION, JSON.stringify(space), JSON.stringify(notes)];
  await client.query(`INSERT INTO nearfold.${RECORDS} VALUES ($1, $2, $3, $4)`, values);
}

/** pgvector 0.8 or later, made where this user may. */
async function requireVector(client: PoolClient, at: string): Promise<void> {
  const sql = `SELECT current_setting('server_encoding') AS encoding,
    (SELECT default_version FROM pg_available_extensions WHERE name = 'vector') AS available,
    (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS installed`;
  const [{ encoding, available, installed }] = (await client.query(sql)).rows;
  if (encoding !== "UTF8") {
    const [got, wanted] = [String(encoding), "UTF8"];
    throw new NearfoldError("unsupported", "not a database of UTF-8", { at, got, wanted });
  }
  const version: string | null = installed ?? available;
  if (!version || !isRecent(version)) {
    throw new NearfoldError("unsupported", "the server has no pgvector that is recent enough", {
      at,
      got: version ? `pgvector ${version}` : "none",
      wanted: "0.8 or later",
      hint:
        installed && isRecent(available ?? "0")
          ? "Ask its administrator for ALTER EXTENSION vector UPDATE"
          : "Ask its administrator to install it: https://github.com/pgvector/pgvector#installation",
    });
  }
  if (installed) return;
  try {
    await client.query("CREATE EXTENSION vector");
  } catch (cause) {
    if ((cause as { code?: string }).code !== "42501") throw cause;
    throw new NearfoldError("forbidden", "pgvector is not turned on in this database", {
      at,
      got: "a user that may not do so",
      hint: "Ask its administrator for CREATE EXTENSION vector",
    });
  }
}

function isRecent(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  return major > 0 || minor >= 8;
}
