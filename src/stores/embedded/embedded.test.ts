import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../test/temporary.ts";
import { NearfoldError } from "../../errors.ts";
import { calibrateScheme, fitScheme, parseScheme } from "../../vectors/index.ts";
import { openEmbeddedStore } from "./index.ts";
import { parseRecord } from "./record.ts";

const model = {
  name: "model",
  space: { id: `sha256:${"ab".repeat(32)}`, dims: 2, similarity: "cosine" as const },
};
const east = Float32Array.of(1, 0);

/** An index of "a" and "b" in a folder of its own. */
async function smallIndex() {
  const folder = await temporaryFolder();
  const path = join(folder.path, "index");
  await using store = await openEmbeddedStore(path, { model });
  const payloads = [
    { text: "a fox", n: 1 },
    { text: "a dog", n: 2 },
  ];
  await store.upsert(["a", "b"], Float32Array.of(1, 0, 0, 1), { payloads });
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function idsIn(path: string): Promise<readonly string[]> {
  await using store = await openEmbeddedStore(path, { access: "read" });
  const [hits] = await store.search(east, 99);
  await store.searchText("fox", 9);
  return hits.map(({ id }) => id);
}

async function filesOf(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name)).sort();
}

describe("a change that was interrupted", () => {
  it("is not seen: what store.json does not name never was", async () => {
    await using index = await smallIndex();
    const record = await readFile(join(index.path, "store.json"));
    {
      await using store = await openEmbeddedStore(index.path);
      await store.upsert(["c"], east);
      await store.delete(["a"]);
    }
    expect(await idsIn(index.path)).toEqual(["c", "b"]);
    await writeFile(join(index.path, "store.json"), record);
    expect(await idsIn(index.path)).toEqual(["a", "b"]);
    {
      await using store = await openEmbeddedStore(index.path);
      await store.upsert(["d"], east);
    }
    expect(await idsIn(index.path)).toEqual(["a", "d", "b"]);
  });

  it("that a kill ended in the middle of the first leaves nothing", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "index");
    await mkdir(join(path, "rows.lance", "data"), { recursive: true });
    await writeFile(join(path, "rows.lance", "data", "half.lance"), "half");
    await using store = await openEmbeddedStore(path, { model });
    await store.upsert(["a"], east);
    expect(await store.count()).toBe(1);
  });

  it("loses only what was not acknowledged, when the process is killed", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "index");
    const program = `
      import { openEmbeddedStore } from ${JSON.stringify(fileURLToPath(new URL("index.ts", import.meta.url)))};
      const store = await openEmbeddedStore(${JSON.stringify(path)}, { model: ${JSON.stringify(model)} });
      for (let i = 0; ; i++) {
        await store.upsert([String(i)], Float32Array.of(i, 1), { payloads: [{ text: "fox " + i }] });
        if (i % 3 === 2) await store.delete([String(i - 1)]);
        console.log(i);
      }`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program]);
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
      if (said.split("\n").length > 6) child.kill("SIGKILL");
    });
    await once(child, "close");
    const last = said.trim().split("\n").length - 1;
    expect(last).toBeGreaterThanOrEqual(5);
    // The lock of the killed process is no obstacle; one change may have been done and not said.
    await using store = await openEmbeddedStore(path, { model });
    const ids = Array.from({ length: last + 1 }, (_, i) => String(i));
    const there = await store.get(ids);
    const wanted = ids.filter((id) => Number(id) % 3 !== 1 || Number(id) + 1 > last);
    const found = ids.filter((_, i) => there[i]);
    expect(found.filter((id) => Number(id) < last - 1)).toEqual(
      wanted.filter((id) => Number(id) < last - 1),
    );
    expect(await store.searchText("fox", 999)).toHaveLength(await store.count());
    await store.upsert(["more"], east);
    expect((await store.search(east, 1))[0][0].id).toBe("more");
  });
});

describe("damage", () => {
  it("store.json cut short: one clear error", async () => {
    await using index = await smallIndex();
    await truncate(join(index.path, "store.json"), 40);
    await expect(idsIn(index.path)).rejects.toThrow("not JSON");
  });

  it("any file of the table cut, changed or missing: it is named before LanceDB reads it", async () => {
    await using index = await smallIndex();
    const files = (await filesOf(join(index.path, "rows.lance"))).filter(
      (path) => !path.endsWith("hint.json"),
    );
    expect(files.length).toBeGreaterThan(5);
    for (const path of files) {
      const bytes = await readFile(path);
      const changed = Uint8Array.from(bytes);
      changed[Math.floor(bytes.length / 2)] ^= 1;
      for (const [contents, what] of [
        [bytes.subarray(0, -1), "cut short"],
        [changed, "the contents were changed"],
        [undefined, "missing"],
      ] as const) {
        await (contents ? writeFile(path, contents) : rm(path));
        for (const access of ["read", "write"] as const) {
          const work = openEmbeddedStore(index.path, { access });
          await expect(work).rejects.toThrow(what);
          await expect(work).rejects.toMatchObject({ code: "bad-input" });
        }
        await writeFile(path, bytes);
      }
    }
    expect(await idsIn(index.path)).toEqual(["a", "b"]);
  });

  it("store.json with bytes changed gives an error of ours or the same hits", async () => {
    await using index = await smallIndex();
    const copy = `${index.path}-copy`;
    await cp(index.path, copy, { recursive: true });
    const bytes = await readFile(join(index.path, "store.json"));
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean());
    const run = async ([at, value, cut]: [number, number, boolean]) => {
      const changed = Uint8Array.from(bytes);
      changed[at] = value;
      await writeFile(join(copy, "store.json"), cut ? changed.subarray(0, at) : changed);
      try {
        expect(await idsIn(copy)).toEqual(["a", "b"]);
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
        expect((error as NearfoldError).code).not.toBe("bug");
      }
    };
    await fc.assert(fc.asyncProperty(change, run), { numRuns: 60 });
  });

  it("a folder of somebody else's Lance table is none of ours", async () => {
    await using index = await smallIndex();
    await rm(join(index.path, "store.json"));
    await expect(idsIn(index.path)).rejects.toMatchObject({ code: "not-found" });
  });

  it("files that were slipped in are removed, and never read", async () => {
    await using index = await smallIndex();
    const versions = join(index.path, "rows.lance", "_versions");
    await writeFile(join(versions, "18446744073709551500.manifest"), "not a manifest");
    {
      await using store = await openEmbeddedStore(index.path);
      expect(await store.count()).toBe(2);
    }
    expect(await idsIn(index.path)).toEqual(["a", "b"]);
  });

  it("a link in the place of a file is no file", async () => {
    await using index = await smallIndex();
    const [path] = await filesOf(join(index.path, "rows.lance", "data"));
    await rm(path);
    await symlink("/dev/zero", path);
    await expect(idsIn(index.path)).rejects.toMatchObject({ code: "bad-input" });
  });

  const record = {
    format: "nearfold-store",
    formatVersion: 3,
    space: model.space,
    notes: {},
    version: 1,
    files: { "data/a.lance": { bytes: 16, sha256: "0".repeat(64) } },
  };
  const mark = { bytes: 1, sha256: "0".repeat(64) };
  it.each([
    ["no object", [], "an object"],
    ["another format", { ...record, format: "x" }, 'wanted format "nearfold-store"'],
    ["an earlier version", { ...record, formatVersion: 2 }, "another version"],
    ["no space", { ...record, space: { ...model.space, dims: 0 } }, "wanted id, dims"],
    ["half a version", { ...record, version: 0.5 }, "a whole number"],
    ["a path out of it", { ...record, files: { "../x": mark } }, "a path in the table"],
    ["a path in the middle", { ...record, files: { "data/../../x": mark } }, "a path in the table"],
    ["an absolute path", { ...record, files: { "/etc/passwd": mark } }, "a path in the table"],
    ["a hash that is none", { ...record, files: { x: { bytes: 1, sha256: "x" } } }, "sha256"],
    [
      "a graph elsewhere",
      { ...record, nearest: { ...mark, file: "../g", rows: 1, last: 1 } },
      "nearest",
    ],
  ])("store.json with %s is refused", (_, value, what) => {
    expect(() => parseRecord(JSON.stringify(value), "store.json")).toThrow(what);
  });
});

describe("codes and what they are rescored by", () => {
  it("are recorded as they were calibrated", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "index");
    const scheme = fitScheme(parseScheme("binary+int8"), 2);
    const rows = Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1);
    const options = { similarity: "cosine", width: 2 } as const;
    const kept = { ...calibrateScheme(scheme, rows, options), multiplier: 4 };
    {
      await using store = await openEmbeddedStore(path, { model, kept });
      await store.upsert(["a", "b", "c", "d"], rows);
    }
    const recorded = JSON.parse(await readFile(join(path, "store.json"), "utf8"));
    expect(recorded.kept).toMatchObject({ search: { type: "binary" }, rescore: { type: "int8" } });
    expect(await idsIn(path)).toHaveLength(4);
  });
});

describe("writers", () => {
  it("there is one at a time; readers are free, and keep the state they opened", async () => {
    await using index = await smallIndex();
    await using store = await openEmbeddedStore(index.path);
    await expect(openEmbeddedStore(index.path)).rejects.toMatchObject({ code: "exists" });
    await using reader = await openEmbeddedStore(index.path, { access: "read" });
    await store.upsert(["c"], east);
    await store.optimize();
    await store.delete(["a"]);
    expect((await reader.search(east, 9))[0].map(({ id }) => id)).toEqual(["a", "b"]);
    expect(await idsIn(index.path)).toEqual(["c", "b"]);
    await expect(reader.upsert(["x"], east)).rejects.toMatchObject({ code: "bad-argument" });
  });

  it("changes at the same time come one after the other", async () => {
    await using index = await smallIndex();
    await using store = await openEmbeddedStore(index.path);
    await Promise.all(["e", "c", "d"].map((id) => store.upsert([id], east)));
    expect(await idsIn(index.path)).toEqual(["a", "c", "d", "e", "b"]);
  });

  it("a change that fails leaves the index as it was", async () => {
    await using index = await smallIndex();
    await using store = await openEmbeddedStore(index.path);
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    await expect(store.upsert(["a"], east, { payloads: [cyclic] })).rejects.toThrow();
    // Replaced in part, and then the disk refuses the record.
    const files = join(index.path, "rows.lance");
    await rm(join(files, "data"), { recursive: true });
    await writeFile(join(files, "data"), "in the way");
    await expect(store.upsert(["a", "x"], Float32Array.of(0, 1, 0, 1))).rejects.toThrow();
    expect(JSON.parse(await readFile(join(index.path, "store.json"), "utf8")).version).toBe(3);
  });
});

it("a graph of neighbours is derived, checked, brought up to date, and nearly as right as a look at each", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "index");
  const [dims, rows] = [16, 26_000];
  const wide = { ...model, space: { ...model.space, dims } };
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  };
  const all = Float32Array.from({ length: rows * dims }, next);
  const queries = all.slice(0, 50 * dims);
  const ids = Array.from({ length: rows }, (_, i) => `d${i}`);
  const exact: string[][] = [];
  {
    await using store = await openEmbeddedStore(path, { model: wide });
    await store.upsert(ids.slice(0, 20_500), all.subarray(0, 20_500 * dims));
    const shares: number[] = [];
    await store.optimize({ onProgress: (share) => shares.push(share) });
    expect(shares.at(-1)).toBe(1);
    await store.upsert(ids.slice(20_500, 20_600), all.subarray(20_500 * dims, 20_600 * dims));
    await store.delete(["d7"]);
    const [[mine]] = await store.search(all.subarray(20_550 * dims, 20_551 * dims), 1);
    expect(mine).toEqual({ id: "d20550", score: expect.closeTo(1, 5) });
    const [[other]] = await store.search(all.subarray(7 * dims, 8 * dims), 1);
    expect(other.id).not.toBe("d7");
    const near = (await store.search(all.subarray(9 * dims, 10 * dims), 40))[0];
    await store.delete(near.slice(0, 30).map(({ id }) => id));
    const [left] = await store.search(all.subarray(9 * dims, 10 * dims), 10);
    expect(left.map(({ id }) => id)).toEqual(near.slice(30).map(({ id }) => id));
    const gone = near.slice(0, 30).map(({ id }) => Number(id.slice(1)));
    for (const row of gone) {
      await store.upsert([`d${row}`], all.subarray(row * dims, (row + 1) * dims));
    }
    const stopped = store.optimize({ signal: AbortSignal.abort() });
    await store.upsert(ids.slice(20_600), all.subarray(20_600 * dims));
    await stopped.catch(() => {});
    const aborted = store.optimize({ signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: "aborted" });
    const [twice] = await store.search(all.subarray(20_700 * dims, 20_701 * dims), 10);
    expect(new Set(twice.map(({ id }) => id)).size).toBe(10);
    await store.optimize();
    const all10 = { filter: { not: { field: "none", op: "exists" } } } as const;
    exact.push(...(await store.search(queries, 10, all10)).map((hits) => hits.map(({ id }) => id)));
  }
  const graphs = (await readdir(path)).filter((name) => name.endsWith(".usearch"));
  expect(graphs).toHaveLength(1);
  const orphan = join(path, "nearest-9-9.usearch");
  await writeFile(orphan, "of a writer that was killed");
  await (await openEmbeddedStore(path))[Symbol.asyncDispose]();
  expect(await readdir(path)).not.toContain("nearest-9-9.usearch");
  {
    await using store = await openEmbeddedStore(path, { access: "read" });
    const [kept, moved] = [join(path, graphs[0]), join(path, "moved")];
    await rename(kept, moved);
    const found = await store.search(queries, 10);
    expect(found.map((hits) => hits.map(({ id }) => id))).toEqual(exact);
    await rename(moved, kept);
  }
  {
    await using store = await openEmbeddedStore(path, { access: "read" });
    const found = await store.search(queries, 10);
    const shared = found.flatMap((hits, i) => hits.filter(({ id }) => exact[i].includes(id)));
    expect(shared.length / 500).toBeGreaterThan(0.97);
    expect(found[0][0]).toEqual({ id: "d0", score: expect.closeTo(1, 5) });
  }
  const small = join(folder.path, "small");
  await cp(path, small, { recursive: true });
  {
    await using store = await openEmbeddedStore(small);
    await store.delete(ids.slice(10_000));
    await store.optimize();
    const [found] = await store.search(queries.subarray(0, dims), 1);
    expect(found[0].id).toBe("d0");
  }
  expect((await readdir(small)).filter((name) => name.endsWith(".usearch"))).toEqual([]);
  const graph = join(path, graphs[0]);
  const bytes = await readFile(graph);
  bytes[bytes.length >> 1] ^= 1;
  await writeFile(graph, bytes);
  await using store = await openEmbeddedStore(path, { access: "read" });
  await expect(store.search(queries, 10)).rejects.toThrow("the contents were changed");
});

it("a payload of 17 MB is refused, and the store goes on", async () => {
  await using index = await smallIndex();
  await using store = await openEmbeddedStore(index.path);
  const payloads = [{ text: "x".repeat(17 * 2 ** 20) }];
  await expect(store.upsert(["c"], east, { payloads })).rejects.toMatchObject({
    code: "too-large",
  });
  await store.upsert(["c"], east, { payloads: [{ text: "x".repeat(2 ** 20) }] });
  expect(await idsIn(index.path)).toEqual(["a", "c", "b"]);
});
