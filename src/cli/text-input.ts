/** Texts as some commands take them: from a file or a folder of any kind, or an index, which has vectors of them. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { openInput, sources } from "../bulk/index.ts";
import { type Document, skips } from "../data/index.ts";
import { exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { readAlias } from "../stores/alias.ts";
import { MANIFEST } from "../stores/embedded/index.ts";
import { openStore, type Payload, type VectorStore } from "../stores/index.ts";
import type { Context } from "./command.ts";
import { type ReadingOptions, reportSkipped } from "./reading.ts";

export interface TextInputOptions extends ReadingOptions {
  readonly text?: string;
  readonly id?: string;
  /** Further fields. */
  readonly more?: readonly string[];
}

/** A text, and the fields that were asked for. */
export interface InputText extends Document {
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface TextInput extends AsyncDisposable {
  /** Read once. @throws as the source, or for the first bad row; bad-input where there is none */
  readonly rows: AsyncIterable<InputText>;
  /** How much was read, from 0 to 1. */
  share(): number;
  skipped(): number;
  /** What the texts come from, where it is an index. */
  readonly store?: VectorStore;
}

/** Names of the texts' argument, for the help. */
export const textsArgument =
  '.jsonl of {"id"?, "title"?, "text"}, .csv, .tsv or .parquet with such columns, .txt with a text a line, a folder of .txt and .md, or an index';

/** Close it with `await using`. @throws not-found, io; bad-argument for fields of what has none */
export async function openTextInput(
  path: string,
  options: TextInputOptions,
  context: Context,
): Promise<TextInput> {
  if (await isIndex(path)) return await fromStore(path, options, context);
  const { read } = await openInput(path);
  const { more = [], text, id } = options;
  const isBare = read === sources[".txt"] || (await stat(path)).isDirectory();
  if (more.length > 0 && isBare) throw noFields(path, more);
  const isTable = [sources[".csv"], sources[".tsv"], sources[".parquet"]].some(
    (one) => one === read,
  );
  const skipped = skips();
  let share = 0;
  async function* rows(): AsyncGenerator<InputText> {
    let count = 0;
    for await (const row of read(path, { text, id, metadata: more.length > 0 })) {
      share = row.share;
      if ("error" in row) {
        if (!options.skipBad) throw row.error;
        skipped.onBad(row.error);
        continue;
      }
      const { metadata = {}, ...document } = row.document;
      if (count++ === 0 && isTable) requireFields(metadata, more, row.at);
      yield more.length > 0 ? { ...document, fields: pick(metadata, more) } : document;
    }
    reportSkipped(path, skipped, context.report);
    if (count === 0) throw noTexts(path);
  }
  return {
    rows: rows(),
    share: () => share,
    skipped: () => skipped.count,
    [Symbol.asyncDispose]: async () => {},
  };
}

function pick(record: Payload, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, record[name]]));
}

/** Every row of a table has all of its columns. @throws bad-input */
function requireFields(record: Payload, names: readonly string[], at: string): void {
  const missing = names.find((name) => !Object.hasOwn(record, name));
  if (missing === undefined) return;
  const got = Object.keys(record).slice(0, 12).join(", ") || "no other columns";
  throw new NearfoldError("bad-input", `there is no column "${missing}"`, { at, got });
}

function noFields(at: string, more: readonly string[]): NearfoldError {
  const [got, wanted] = [more.join(", "), "a file of records: .jsonl, .csv, .tsv, .parquet"];
  return new NearfoldError("bad-argument", "its texts have no fields", { at, got, wanted });
}

function noTexts(at: string): NearfoldError {
  return new NearfoldError("bad-input", "no row is usable", { at, wanted: "at least one text" });
}

/** Whether a reference is of a store: a URL of one, a folder that is one, or an alias. */
async function isIndex(path: string): Promise<boolean> {
  if (/^\w+:(\/\/|$)/.test(path) || (await exists(join(path, MANIFEST)))) return true;
  return (await readAlias(path)) !== undefined;
}

async function fromStore(
  path: string,
  { more = [], text: field = "text" }: TextInputOptions,
  { signal }: Context,
): Promise<TextInput> {
  const store = await openStore(path, { access: "read" });
  const total = await store.count();
  let done = 0;
  async function* rows(): AsyncGenerator<InputText> {
    for await (const { id, payload = {} } of store.rows({ signal })) {
      done++;
      const text = payload[field];
      if (typeof text !== "string") {
        const [got, wanted] = [`no text in "${field}" of ${id.slice(0, 60)}`, "a string"];
        throw new NearfoldError("bad-input", "a row holds no text", {
          at: store.name,
          got,
          wanted,
        });
      }
      yield { id, text, ...(more.length > 0 && { fields: pick(payload, more) }) };
    }
    if (done === 0) throw noTexts(store.name);
  }
  return {
    store,
    rows: rows(),
    share: () => (total === 0 ? 1 : done / total),
    skipped: () => 0,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
