/** The contract of a sink: every entry of the registry passes all of it. */
import { readdir, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { type SinkKind, type SinkName, type SinkState, sinks } from "../src/bulk/index.ts";
import { sequence } from "../src/graph/rng.ts";
import { openEmbeddedStore } from "../src/stores/index.ts";
import { openSafetensors } from "../src/tensor/index.ts";
import { unitRows } from "../src/tensor/rows.ts";
import { storeRows } from "./store-rows.ts";
import { temporaryFolder } from "./temporary.ts";

const DIMS = 5;
const space = { id: `sha256:${"ab".repeat(32)}`, dims: DIMS, similarity: "cosine" } as const;

interface Rows {
  readonly ids: readonly string[];
  readonly vectors: readonly number[];
}

/** What another program finds in the result, of each kind. */
const readers: Readonly<Record<SinkName, (path: string) => Promise<Rows>>> = {
  ".jsonl": async (path) => {
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    const rows = lines.map((line) => JSON.parse(line));
    return { ids: rows.map(({ id }) => id), vectors: rows.flatMap(({ vector }) => vector) };
  },
  ".parquet": async (path) => {
    const file = await asyncBufferFromFile(path);
    const rows = await parquetReadObjects({ file });
    return { ids: rows.map(({ id }) => id), vectors: rows.flatMap(({ vector }) => vector) };
  },
  ".npy": async (path) => {
    const bytes = await readFile(path);
    expect(bytes.toString("latin1", 0, 10)).toBe("\x93NUMPY\x01\x00v\x00");
    const header = bytes.toString("latin1", 10, 128);
    const [, rows] = /^{'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), 5\), } *\n$/.exec(
      header,
    )!;
    const data = new Float32Array(new Uint8Array(bytes.subarray(128)).buffer);
    expect(data.length).toBe(Number(rows) * DIMS);
    const ids = (await readFile(join(path, "../ids.jsonl"), "utf8")).trimEnd().split("\n");
    return { ids: ids.map((id) => JSON.parse(id)), vectors: [...data] };
  },
  ".safetensors": async (path) => {
    await using file = await openSafetensors(path);
    const { shape, data } = await file.readAsFloat32("vectors");
    const ids = JSON.parse(file.metadata.ids);
    expect(shape).toEqual([ids.length, DIMS]);
    expect(file.metadata).toMatchObject({
      role: "document",
      space: space.id,
      similarity: "cosine",
    });
    return { ids, vectors: [...data] };
  },
  "": async (path) => {
    await using store = await openEmbeddedStore(path, { access: "read" });
    const rows = await Array.fromAsync(store.rows({ vectors: true }));
    for (const { id, payload } of rows) expect(payload).toEqual({ text: `text of ${id}` });
    expect(await store.count()).toBe(rows.length);
    return {
      ids: rows.map(({ id }) => id),
      vectors: rows.flatMap(({ vector }) => [...vector!]),
    };
  },
};

/** Windows of so many documents each, always the same. */
function windowsOf(sizes: readonly number[]) {
  const next = sequence(7);
  let made = 0;
  return sizes.map((size) => {
    const ids = Array.from({ length: size }, () =>
      made++ % 7 === 3 ? `é "${made}"\n` : `d${made}`,
    );
    const vectors = Float32Array.from({ length: size * DIMS }, () => 2 * next() - 1);
    return {
      documents: ids.map((id) => ({ id, text: `text of ${id}` })),
      vectors: unitRows(vectors, DIMS),
    };
  });
}

type Windows = ReturnType<typeof windowsOf>;

const open = (kind: SinkKind, folder: string, state?: SinkState) =>
  kind.open({ folder, model: { name: "model", space }, role: "document", notes: {} }, state);

/** Writes windows to the end. */
async function write(
  kind: SinkKind,
  folder: string,
  windows: Windows,
  state?: SinkState,
): Promise<void> {
  await using sink = await open(kind, folder, state);
  for (const { documents, vectors } of windows) await sink.append(documents, vectors);
  await sink.finish();
}

/** Every file of the results, by its name; of an index, whose files have names by chance, every row. */
async function contentsOf(kind: SinkKind, folder: string): Promise<Record<string, string>> {
  if (kind.folderWith !== undefined) return await storeRows(join(folder, kind.results[0].name));
  const found: Record<string, string> = {};
  for (const { name } of kind.results) found[name] = await readFile(join(folder, name), "base64");
  return found;
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

describe.each(Object.entries<SinkKind>(sinks))("a sink: %s", (name, kind) => {
  const main = kind.results.at(-1)!;

  it("holds ids and vectors in their order, and one result has the output's own name", async () => {
    await using folder = await temporaryFolder();
    const windows = windowsOf([3, 1, 40]);
    await write(kind, folder.path, windows);
    expect(await readers[name as SinkName](join(folder.path, main.name))).toEqual({
      ids: windows.flatMap(({ documents }) => documents.map(({ id }) => id)),
      vectors: windows.flatMap(({ vectors }) => [...vectors]),
    });
    expect(kind.results.filter(({ suffix }) => suffix === "")).toEqual([main]);
  });

  it("a window without texts changes nothing", async () => {
    await using one = await temporaryFolder();
    await using other = await temporaryFolder();
    await write(kind, one.path, windowsOf([2, 3]));
    const [first, second] = windowsOf([2, 3]);
    const nothing = { documents: [], vectors: new Float32Array(0) };
    await write(kind, other.path, [nothing, first, nothing, second, nothing]);
    expect(await contentsOf(kind, other.path)).toEqual(await contentsOf(kind, one.path));
  });

  it("goes on at any state that was recorded, whatever was written after it", async () => {
    const stops = fc.array(
      fc.record({ kept: fc.nat(3), lost: fc.nat(2), finishes: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    const sizes = [4, 1, 7, 3, 2];
    const windows = windowsOf(sizes);
    await using whole = await temporaryFolder();
    await write(kind, whole.path, windows);
    const wanted = await contentsOf(kind, whole.path);
    await fc.assert(
      fc.asyncProperty(stops, async (stops) => {
        await using folder = await temporaryFolder();
        let [done, state] = [0, undefined as SinkState | undefined];
        for (const { kept, lost, finishes } of stops) {
          await using sink = await open(kind, folder.path, state);
          for (const { documents, vectors } of windows.slice(done, done + kept)) {
            await sink.append(documents, vectors);
          }
          done = Math.min(windows.length, done + kept);
          state = await sink.state();
          for (const { documents, vectors } of windows.slice(done, done + lost)) {
            await sink.append(documents, vectors);
          }
          if (finishes && done + lost >= windows.length) await sink.finish();
        }
        await write(kind, folder.path, windows.slice(done), state);
        expect(await contentsOf(kind, folder.path)).toEqual(wanted);
      }),
      { numRuns: 25 },
    );
  });

  it("finishes twice from the same state as once", async () => {
    await using folder = await temporaryFolder();
    const windows = windowsOf([6, 2]);
    let state: SinkState;
    {
      await using sink = await open(kind, folder.path);
      for (const { documents, vectors } of windows) await sink.append(documents, vectors);
      state = await sink.state();
      await sink.finish();
    }
    const once = await contentsOf(kind, folder.path);
    await write(kind, folder.path, [], state);
    expect(await contentsOf(kind, folder.path)).toEqual(once);
  });

  it("says that a file is cut short", async () => {
    await using folder = await temporaryFolder();
    let state: SinkState;
    {
      await using sink = await open(kind, folder.path);
      const [{ documents, vectors }] = windowsOf([5]);
      await sink.append(documents, vectors);
      state = await sink.state();
    }
    const large = (await filesIn(folder.path)).filter((path) => /vectors|data/.test(path))[0];
    await truncate(large, 10);
    await expect(open(kind, folder.path, state)).rejects.toMatchObject({ code: "bad-input" });
  });
});

it("a store refuses an id that is there, that is coming, and none else", async () => {
  await using folder = await temporaryFolder();
  await using sink = await open(sinks[""], folder.path);
  const [one, two, again, other] = ["a", "b", "a", "c"].map((id) => ({
    id,
    text: `text of ${id}`,
  }));
  expect(await sink.refuse!([one, two])).toEqual(new Set());
  expect(await sink.refuse!([again, other])).toEqual(new Set([again]));
  await sink.append([one, two], windowsOf([2])[0].vectors);
  expect(await sink.refuse!([again])).toEqual(new Set([again]));
});
