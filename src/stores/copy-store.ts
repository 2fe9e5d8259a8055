import { realpath } from "node:fs/promises";
import { exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { formatScheme } from "../vectors/index.ts";
import { isAsTheyAre, schemeOf } from "./kept.ts";
import { openStore } from "./registry.ts";
import { isUrl } from "./server-reference.ts";
import type { Stored, VectorStore } from "./store.ts";

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the rows that are there. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/** Rows that are written together. */
const PART = 4096;

/**
 * A snapshot: all rows of one state of a store into a new one of any kind, with their vectors, payloads, space and notes. Stopped, it goes on when it is called again.
 * @returns how many rows there are
 * @throws mismatch for a target of another space; exists for one that holds what the source does not; unsupported for a source that keeps its vectors in fewer bytes
 */
export async function copyStore(
  source: VectorStore,
  target: string,
  { signal, onProgress }: CopyOptions = {},
): Promise<number> {
  const { name, space, notes, kept } = source;
  if (!isAsTheyAre(kept, space)) throw noVectors(source);
  await using copy = await openStore(target, { model: { name, space }, notes });
  if ((await placeOf(copy)) === (await placeOf(source))) {
    throw new NearfoldError("bad-argument", "an index is no copy of itself", { at: copy.name });
  }
  await requireOurs(source, copy);
  let rows: Stored[] = [];
  let done = 0;
  const write = async () => {
    await put(copy, rows, space.dims);
    done += rows.length;
    rows = [];
    onProgress?.(done);
  };
  for await (const row of source.rows({ vectors: true, signal })) {
    rows.push(row);
    if (rows.length === PART) await write();
  }
  await write();
  await copy.optimize({ signal });
  return done;
}

/** Where a store is, whatever path led to it. */
async function placeOf({ name }: VectorStore): Promise<string> {
  return isUrl(name) || !(await exists(name)) ? name : await realpath(name);
}

async function put(store: VectorStore, rows: readonly Stored[], dims: number): Promise<void> {
  // Without payloads and with them: a list of payloads has one for each id.
  for (const some of [rows.filter(({ payload }) => payload), rows.filter((row) => !row.payload)]) {
    if (some.length === 0) continue;
    const vectors = new Float32Array(some.length * dims);
    some.forEach(({ vector }, i) => {
      vectors.set(vector!, i * dims);
    });
    const payloads = some.flatMap(({ payload }) => (payload ? [payload] : []));
    const ids = some.map(({ id }) => id);
    await store.upsert(ids, vectors, payloads.length > 0 ? { payloads } : {});
  }
}

/** @throws exists for a target with a row that the source does not have */
async function requireOurs(source: VectorStore, copy: VectorStore): Promise<void> {
  let ids: string[] = [];
  const check = async () => {
    const found = await source.get(ids);
    const foreign = ids.find((_, i) => found[i] === undefined);
    ids = [];
    if (foreign === undefined) return;
    throw new NearfoldError("exists", "the copy's place holds something else", {
      at: copy.name,
      got: `id ${JSON.stringify(foreign.slice(0, 60))}`,
      wanted: "a new index, or what is left of a copy that was stopped",
    });
  };
  for await (const { id } of copy.rows({ payloads: false }))
    if (ids.push(id) === PART) await check();
  await check();
}

function noVectors({ name, kept }: VectorStore): NearfoldError {
  return new NearfoldError("unsupported", "the index keeps codes of its vectors alone", {
    at: name,
    got: formatScheme(schemeOf(kept)),
    wanted: "float32",
    hint: "While nobody writes there, its folder may be copied as it is; or index the documents anew",
  });
}
