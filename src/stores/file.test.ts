import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, cp, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { calibrateScheme, fitScheme, parseScheme } from "../vectors/index.ts";
import { openFileStore } from "./file.ts";
import { parseManifest } from "./manifest.ts";

const model = {
  name: "model",
  space: { id: `sha256:${"ab".repeat(32)}`, dims: 2, similarity: "cosine" as const },
};
const east = Float32Array.of(1, 0);

/** An index of "a" and "b" in a folder of its own. */
async function smallIndex() {
  const folder = await temporaryFolder();
  const path = join(folder.path, "index");
  await using store = await openFileStore(path, { model });
  await store.add(["a", "b"], Float32Array.of(1, 0, 0, 1), { payloads: [{ n: 1 }, { n: 2 }] });
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function idsIn(path: string): Promise<readonly string[]> {
  await using store = await openFileStore(path, { access: "read" });
  return (await store.search(east, 99))[0].map(({ id }) => id);
}

describe("an append that was interrupted", () => {
  it.each(["vectors.f32", "rows.jsonl"])("leaves a tail in %s that is not seen", async (name) => {
    await using index = await smallIndex();
    await appendFile(join(index.path, name), '{"id":"half');
    expect(await idsIn(index.path)).toEqual(["a", "b"]);
    {
      await using store = await openFileStore(index.path, { model });
      await store.add(["c"], Float32Array.of(1, 0));
    }
    expect(await idsIn(index.path)).toEqual(["a", "c", "b"]);
  });

  it("loses only what was not acknowledged, when the process is killed", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "index");
    const program = `
      import { openFileStore } from ${JSON.stringify(fileURLToPath(new URL("file.ts", import.meta.url)))};
      const store = await openFileStore(${JSON.stringify(path)}, { model: ${JSON.stringify(model)} });
      for (let i = 0; ; i++) {
        await store.add([String(i)], Float32Array.of(i, 1));
        console.log(i);
      }`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program]);
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
      if (said.split("\n").length > 5) child.kill("SIGKILL");
    });
    await once(child, "close");
    const acknowledged = said.trim().split("\n");
    expect(acknowledged.length).toBeGreaterThanOrEqual(5);
    // The lock of the killed process is no obstacle, and one append may have been done but not said.
    await using store = await openFileStore(path, { model });
    const there = await store.get([...acknowledged, String(acknowledged.length)]);
    expect(there.slice(0, -1).every((found) => found !== undefined)).toBe(true);
    const more = there.at(-1) === undefined ? 0 : 1;
    expect(await store.count()).toBe(acknowledged.length + more);
    await store.add(["more"], east);
    expect((await store.search(east, 1))[0]).toEqual([{ id: "more", score: 1 }]);
    expect((await readdir(path)).sort()).toEqual([
      "lock",
      "rows.jsonl",
      "store.json",
      "vectors.f32",
    ]);
  });
});

describe("damage", () => {
  it.each([
    ["vectors.f32", "cut short"],
    ["rows.jsonl", "cut short"],
    ["store.json", "not JSON"],
  ])("%s truncated: one clear error", async (name, what) => {
    await using index = await smallIndex();
    const { length } = await readFile(join(index.path, name));
    await truncate(join(index.path, name), length - 3);
    await expect(idsIn(index.path)).rejects.toThrow(what);
    await expect(idsIn(index.path)).rejects.toMatchObject({ code: "bad-input" });
  });

  it.each(["vectors.f32", "rows.jsonl"])("%s missing: it is named", async (name) => {
    await using index = await smallIndex();
    await truncate(join(index.path, name), 0);
    await expect(idsIn(index.path)).rejects.toThrow(name);
  });

  it.each(["search", "add"] as const)("a flipped bit of a vector stops %s", async (verb) => {
    await using index = await smallIndex();
    const path = join(index.path, "vectors.f32");
    const bytes = await readFile(path);
    bytes[5] ^= 1;
    await writeFile(path, bytes);
    await using store = await openFileStore(index.path);
    const work = verb === "search" ? store.search(east, 1) : store.add(["c"], east);
    await expect(work).rejects.toThrow("the contents were changed");
  });

  it("any file with bytes changed gives an error of ours or the same hits", async () => {
    await using index = await smallIndex();
    const copy = `${index.path}-copy`;
    const names = ["vectors.f32", "rows.jsonl", "store.json"];
    const change = fc.tuple(fc.constantFrom(...names), fc.nat(), fc.nat(255), fc.boolean());
    const run = async ([name, at, value, cut]: [string, number, number, boolean]) => {
      await cp(index.path, copy, { recursive: true, force: true });
      const bytes = await readFile(join(copy, name));
      bytes[at % bytes.length] = value;
      await writeFile(join(copy, name), cut ? bytes.subarray(0, at % bytes.length) : bytes);
      try {
        expect(await idsIn(copy)).toEqual(["a", "b"]);
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
        expect((error as NearfoldError).code).not.toBe("bug");
      }
    };
    await fc.assert(fc.asyncProperty(change, run), { numRuns: 150 });
  });

  const manifest = {
    format: "nearfold-store",
    version: 1,
    space: model.space,
    notes: {},
    rows: 2,
    vectors: { bytes: 16, sha256: "0".repeat(64) },
    log: { bytes: 9, sha256: "0".repeat(64) },
  };
  it.each([
    ["no object", [], "an object"],
    ["another format", { ...manifest, format: "x" }, 'wanted format "nearfold-store"'],
    ["a later version", { ...manifest, version: 3 }, "another version"],
    ["no space", { ...manifest, space: { ...model.space, dims: 0 } }, "wanted id, dims"],
    ["2^60 rows", { ...manifest, rows: 2 ** 60 }, "rows 115292150460684"],
    ["bytes that are not the rows'", { ...manifest, rows: 3 }, "rows 3"],
    ["a hash that is none", { ...manifest, log: { bytes: 1, sha256: "x" } }, "log"],
  ])("store.json with %s is refused", (_, value, what) => {
    expect(() => parseManifest(JSON.stringify(value), "store.json")).toThrow(what);
  });
});

describe("codes and what they are rescored by", () => {
  const scheme = fitScheme(parseScheme("binary+int8"), 2);
  const rows = Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1);
  const options = { similarity: "cosine", width: 2 } as const;
  const kept = { ...calibrateScheme(scheme, rows, options), multiplier: 4 };

  /** An index of four vectors in two formats. */
  async function codedIndex() {
    const folder = await temporaryFolder();
    const path = join(folder.path, "index");
    await using store = await openFileStore(path, { model, kept });
    await store.add(["a", "b", "c", "d"], rows);
    return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
  }

  it("lie in two files, and store.json says how to read them", async () => {
    await using index = await codedIndex();
    const names = await readdir(index.path);
    expect(names.sort()).toEqual(["rescore.int8", "rows.jsonl", "store.json", "vectors.bits"]);
    const { version, kept: recorded } = JSON.parse(
      await readFile(join(index.path, "store.json"), "utf8"),
    );
    expect(version).toBe(2);
    expect(recorded).toMatchObject({ search: { type: "binary" }, rescore: { type: "int8" } });
  });

  it.each(["vectors.bits", "rescore.int8"])("%s: a tail is not seen, a cut is", async (name) => {
    await using index = await codedIndex();
    await appendFile(join(index.path, name), "half");
    expect(await idsIn(index.path)).toHaveLength(4);
    await truncate(join(index.path, name), 3);
    await expect(idsIn(index.path)).rejects.toThrow(`${name}: the file is cut short`);
  });

  it.each(["vectors.bits", "rescore.int8"])("%s: a flipped bit stops a search", async (name) => {
    await using index = await codedIndex();
    const path = join(index.path, name);
    const bytes = await readFile(path);
    bytes[5] ^= 1;
    await writeFile(path, bytes);
    await expect(idsIn(index.path)).rejects.toThrow("the contents were changed");
  });

  it("any bytes changed give an error of ours or the same hits", async () => {
    await using index = await codedIndex();
    const copy = `${index.path}-copy`;
    const wanted = await idsIn(index.path);
    const change = fc.tuple(fc.constantFrom("rescore.int8", "store.json"), fc.nat(), fc.nat(255));
    const run = async ([name, at, value]: [string, number, number]) => {
      await cp(index.path, copy, { recursive: true, force: true });
      const bytes = await readFile(join(copy, name));
      bytes[at % bytes.length] = value;
      await writeFile(join(copy, name), bytes);
      try {
        // A scale is not hashed: another finite number in its place may change the order.
        expect((await idsIn(copy)).toSorted()).toEqual(wanted.toSorted());
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
        expect((error as NearfoldError).code).not.toBe("bug");
      }
    };
    await fc.assert(fc.asyncProperty(change, run), { numRuns: 100 });
  });
});

describe("writers", () => {
  it("there is one at a time; readers are free", async () => {
    await using index = await smallIndex();
    await using store = await openFileStore(index.path);
    await expect(openFileStore(index.path)).rejects.toMatchObject({ code: "exists" });
    await store.add(["c"], east);
    expect(await idsIn(index.path)).toEqual(["a", "c", "b"]);
  });

  it("a reader keeps the state it opened", async () => {
    await using index = await smallIndex();
    await using reader = await openFileStore(index.path, { access: "read" });
    await using writer = await openFileStore(index.path);
    await writer.delete(["a"]);
    expect((await reader.search(east, 9))[0]).toHaveLength(2);
    expect((await writer.search(east, 9))[0]).toHaveLength(1);
  });

  it("additions at the same time come one after the other", async () => {
    await using index = await smallIndex();
    await using store = await openFileStore(index.path);
    await Promise.all(["c", "d", "e"].map((id) => store.add([id], east)));
    expect(await idsIn(index.path)).toEqual(["a", "c", "d", "e", "b"]);
  });
});

it("a payload of 17 MB is refused, and the store goes on", async () => {
  await using index = await smallIndex();
  await using store = await openFileStore(index.path);
  const payloads = [{ text: "x".repeat(17 * 2 ** 20) }];
  await expect(store.add(["c"], east, { payloads })).rejects.toMatchObject({ code: "too-large" });
  await store.add(["c"], east, { payloads: [{ text: "x".repeat(2 ** 20) }] });
  expect(await idsIn(index.path)).toEqual(["a", "c", "b"]);
});
