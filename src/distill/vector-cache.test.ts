import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { parseCacheManifest } from "./cache-manifest.ts";
import { teachTexts } from "./teach.ts";
import type { Teacher } from "./teacher.ts";
import { keyOf, openVectorCache } from "./vector-cache.ts";

/** The code of its first letter and its length; notes what it was asked. */
function countingTeacher(width = 2) {
  const asked: string[] = [];
  const teacher: Teacher = {
    name: "counting",
    key: "counting",
    embed: async (texts) => {
      asked.push(...texts);
      const row = (text: string) => [text.charCodeAt(0), text.length, 0].slice(0, width);
      return { vectors: Float32Array.from(texts.flatMap(row)), dims: width };
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return { teacher, asked };
}

it("each text is asked about once, also by a later run, and by its role", async () => {
  await using folder = await temporaryFolder();
  const { teacher, asked } = countingTeacher();
  {
    await using cache = await openVectorCache(folder.path, teacher.key);
    const { shape, data } = await teachTexts(teacher, cache, ["a", "bb", "a"]);
    expect([shape, [...data]]).toEqual([
      [3, 2],
      [97, 1, 98, 2, 97, 1],
    ]);
  }
  expect(asked.sort()).toEqual(["a", "bb"]);
  await using cache = await openVectorCache(folder.path, teacher.key);
  expect([cache.size, cache.dims]).toEqual([2, 2]);
  const { data } = await teachTexts(teacher, cache, ["ccc", "bb"]);
  expect([...data]).toEqual([99, 3, 98, 2]);
  expect(asked.slice(2)).toEqual(["ccc"]);
  await teachTexts(teacher, cache, ["a"], { role: "query" });
  expect(asked.slice(3)).toEqual(["a"]);
});

it("killed at any moment, it holds what was acknowledged and goes on from there", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "cache");
  const url = fileURLToPath(new URL("vector-cache.ts", import.meta.url));
  const program = `
    import { keyOf, openVectorCache } from ${JSON.stringify(url)};
    const cache = await openVectorCache(${JSON.stringify(path)}, "t");
    for (let i = cache.size; ; i++) {
      await cache.add([keyOf(String(i), "document")], Float32Array.of(i, -i), 2);
      console.log(i);
    }`;
  let known = 0;
  for (const lines of [1, 4, 9]) {
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program]);
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
      if (said.split("\n").length > lines) child.kill("SIGKILL");
    });
    await once(child, "close");
    const last = Number(said.trim().split("\n").at(-1));
    // The lock of the killed process is no obstacle; one addition may have been done and not said.
    await using cache = await openVectorCache(path, "t");
    expect(cache.size).toBeGreaterThanOrEqual(last + 1);
    expect(cache.size).toBeLessThanOrEqual(last + 2);
    expect(cache.size).toBeGreaterThan(known);
    known = cache.size;
    for (let i = 0; i < known; i++) {
      expect([...cache.get(keyOf(String(i), "document"))!]).toEqual([i, -i]);
    }
    const left = (await readdir(path)).filter((name) => name.startsWith("."));
    expect(left).toEqual([]);
  }
}, 60_000);

describe("what does not fit", () => {
  it("another teacher's folder", async () => {
    await using folder = await temporaryFolder();
    await using _ = await begun(folder.path);
    await _[Symbol.asyncDispose]();
    const opened = openVectorCache(folder.path, "other");
    await expect(opened).rejects.toThrow(/of another teacher \(got t, wanted other\)/);
  });

  it("another width than before, numbers that are none, too few of them", async () => {
    await using folder = await temporaryFolder();
    await using cache = await begun(folder.path);
    const add = (...numbers: number[]) =>
      cache.add([keyOf("x", "document")], Float32Array.from(numbers), numbers.length);
    await expect(add(1, 2, 3)).rejects.toThrow(/another width than before \(got 3, wanted 2\)/);
    await expect(add(1, Number.NaN)).rejects.toMatchObject({ code: "not-finite" });
    const two = cache.add([keyOf("x", "document"), keyOf("y", "document")], new Float32Array(2), 2);
    await expect(two).rejects.toThrow(/not a vector for each text/);
    expect(cache.size).toBe(1);
  });

  it("a second writer", async () => {
    await using folder = await temporaryFolder();
    await using _ = await begun(folder.path);
    await expect(openVectorCache(folder.path, "t")).rejects.toMatchObject({ code: "exists" });
  });

  it.each([
    ["cut short", async (path: string) => truncate(path, 20), /got 20 bytes, wanted 40/],
    ["gone", async (path: string) => rm(path), /no such file/],
    ["changed", flip, /vectors were changed \(got sha256/],
  ])("a part that is %s", async (_, damage, message) => {
    await using folder = await temporaryFolder();
    await (await begun(folder.path))[Symbol.asyncDispose]();
    await damage(join(folder.path, "1.part"));
    await expect(openVectorCache(folder.path, "t")).rejects.toThrow(message);
  });
});

const record = {
  format: "nearfold-teacher-vectors",
  version: 1,
  teacher: "t",
  dims: 2,
  parts: [{ rows: 1, sha256: "0".repeat(64) }],
};

it.each([
  ["not JSON", "{", "wanted JSON"],
  ["no object", "[]", "wanted an object"],
  ["another format", JSON.stringify({ ...record, format: "x" }), "format"],
  ["a later version", JSON.stringify({ ...record, version: 2 }), "version 2"],
  ["no width", JSON.stringify({ ...record, dims: 0 }), "dims 0"],
  [
    "2^40 rows",
    JSON.stringify({ ...record, parts: [{ ...record.parts[0], rows: 2 ** 40 }] }),
    "parts",
  ],
])("a record with %s is refused", (_, text, what) => {
  expect(() => parseCacheManifest(text, "teacher.json")).toThrow(what);
});

it("a record with any bytes changed is read or refused", () => {
  const text = JSON.stringify(record);
  const change = fc.tuple(fc.nat(text.length), fc.nat(4), fc.string({ maxLength: 4 }));
  const run = ([at, cut, by]: [number, number, string]) => {
    try {
      parseCacheManifest(text.slice(0, at) + by + text.slice(at + cut), "teacher.json");
    } catch (error) {
      expect(error).toBeInstanceOf(NearfoldError);
    }
  };
  fc.assert(fc.property(change, run), { numRuns: 300 });
});

/** A cache of one vector of two numbers. */
async function begun(path: string) {
  const cache = await openVectorCache(path, "t");
  await cache.add([keyOf("a", "document")], Float32Array.of(1, 0), 2);
  return cache;
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[35] ^= 1;
  await writeFile(path, bytes);
}
