import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { fromAlias, parseAlias, readAlias, switchAlias, toAlias, writeAlias } from "./alias.ts";
import { openStore } from "./registry.ts";

const space = { id: `sha256:${"a".repeat(64)}`, dims: 2, similarity: "cosine" as const };
const model = { name: "model", space };

async function makeIndex(path: string, id: string) {
  await using store = await openStore(path, { model });
  await store.upsert([id], Float32Array.of(1, 0));
}

async function idsOf(reference: string) {
  await using store = await openStore(reference, { access: "read" });
  return (await store.list()).map(({ id }) => id);
}

test("a name leads to one index after the other, and back", async () => {
  await using folder = await temporaryFolder();
  const [one, two, live] = ["one", "two", "live"].map((name) => join(folder.path, name));
  await makeIndex(one, "a");
  await makeIndex(two, "b");
  await switchAlias(live, toAlias(live, one));
  expect(await idsOf(live)).toEqual(["a"]);
  expect(await switchAlias(live, toAlias(live, two))).toEqual({
    target: "../two",
    previous: "../one",
  });
  expect(await idsOf(live)).toEqual(["b"]);
  await makeIndex(live, "c");
  expect(await idsOf(two)).toEqual(["b", "c"]);
});

test("an index in the folder of an alias is not asked, unless the alias says so", async () => {
  await using folder = await temporaryFolder();
  const live = join(folder.path, "live");
  await makeIndex(live, "old");
  await makeIndex(join(live, "generations", "next"), "new");
  expect(await switchAlias(live, "generations/next")).toMatchObject({ previous: "." });
  expect(await idsOf(live)).toEqual(["new"]);
  await switchAlias(live, ".");
  await makeIndex(live, "older");
  expect(await idsOf(live)).toEqual(["old", "older"]);
});

test.each([
  ["nothing", "../none", "the alias leads to no index"],
  ["itself through another", "../b", "the alias leads in a circle"],
])("a name that leads to %s", async (_, target, message) => {
  await using folder = await temporaryFolder();
  const [a, b] = ["a", "b"].map((name) => join(folder.path, name));
  await writeAlias(a, { target });
  await writeAlias(b, { target: "../a" });
  await expect(openStore(a, { model })).rejects.toThrow(message);
});

test("eight names after each other are followed, and no more", async () => {
  await using folder = await temporaryFolder();
  const at = (i: number) => join(folder.path, `n${i}`);
  await makeIndex(at(0), "a");
  for (let i = 1; i <= 9; i++) await writeAlias(at(i), { target: `../n${i - 1}` });
  expect(await idsOf(at(8))).toEqual(["a"]);
  await expect(openStore(at(9))).rejects.toThrow("the alias leads too far");
});

test.each([
  ["postgres://me:secret@host/db?index=a", "PGPASSWORD"],
  ["milvus://host:19530?index=a&token=secret", "an alias keeps no password"],
])("no password is written: %s", async (url, message) => {
  await using folder = await temporaryFolder();
  await expect(switchAlias(folder.path, url)).rejects.toThrow(message);
  expect(await readAlias(folder.path)).toBeUndefined();
  expect(() => toAlias("folder", "postgres://me@host/db?index=a")).not.toThrow();
});

test.each([
  ["a path beside", "/x/live", "/x/two", "../two"],
  ["a path within", "/x/live", "/x/live/generations/b", "generations/b"],
  ["the folder itself", "/x/live", "/x/live/", "."],
  ["a URL", "/x/live", "postgres://h/d?index=a", "postgres://h/d?index=a"],
])("%s is written from the alias's folder", (_, folder, reference, written) => {
  expect(toAlias(folder, reference)).toBe(written);
  expect(fromAlias(folder, written)).toBe(reference.replace(/\/$/, ""));
});

const good = { format: "nearfold-alias", formatVersion: 1, target: "../a", previous: "." };

test.each([
  ["no object", [], 'format nothing, wanted format "nearfold-alias"'],
  ["another format", { ...good, format: "x" }, 'format "x"'],
  ["another version", { ...good, formatVersion: 2 }, "another version wrote this"],
  ["no target", { ...good, target: "" }, 'target ""'],
  ["a previous that is none", { ...good, previous: 3 }, "previous 3"],
  ["too long a target", { ...good, target: "a".repeat(5000) }, "target"],
])("%s is refused", (_, json, message) => {
  expect(() => parseAlias(JSON.stringify(json), "alias.json")).toThrow(message);
});

test("any bytes are an alias or an error of ours", async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.path, { recursive: true });
  const bytes = new TextEncoder().encode(JSON.stringify(good));
  const mutated = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, byte]) => {
    const copy = bytes.slice();
    copy[at] = byte;
    return new TextDecoder().decode(copy);
  });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string(), fc.json()), (json) => {
      try {
        const { target } = parseAlias(json, "alias.json");
        expect(typeof target).toBe("string");
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
      }
    }),
  );
});
