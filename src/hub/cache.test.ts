import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import {
  hubOrigin,
  listRefs,
  modelPlace,
  readRef,
  readSnapshot,
  snapshotPlace,
  writeRef,
  writeSnapshot,
} from "./cache.ts";
import { parseEndpoint } from "./id.ts";

const commit = "8b3219a92973c328a8e22fadcfa821b5dc75636a";
const file = { path: "1_Pooling/config.json", size: 3, hash: `sha256:${"0".repeat(64)}` };
const manifest = { id: "acme/tiny", commit, files: [file] };

async function snapshotIn(cache: string) {
  const place = modelPlace(cache, parseEndpoint("https://huggingface.co"), "acme/tiny");
  const snapshot = snapshotPlace(place, commit);
  await mkdir(join(snapshot.folder, "1_Pooling"), { recursive: true });
  await writeDurably(join(snapshot.folder, file.path), "{ }");
  return { place, snapshot };
}

test("a snapshot is read once its manifest is there", async () => {
  await using cache = await temporaryFolder();
  const { snapshot } = await snapshotIn(cache.path);
  expect(await readSnapshot(snapshot)).toBeUndefined();
  expect(await hubOrigin(snapshot.folder)).toBeUndefined();
  await writeSnapshot(snapshot, manifest);
  expect(await readSnapshot(snapshot)).toEqual(manifest);
  expect(await hubOrigin(snapshot.folder)).toEqual({ id: "acme/tiny", commit });
  expect(await hubOrigin(join(snapshot.folder, "1_Pooling"))).toBeUndefined();
});

test("a manifest with bytes changed is refused, or leads nowhere else", async () => {
  await using cache = await temporaryFolder();
  const { snapshot } = await snapshotIn(cache.path);
  await writeSnapshot(snapshot, manifest);
  const good = await readFile(snapshot.manifest);
  const change = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const bytes = Buffer.from(good);
      for (const { at, byte } of changes) bytes[at] = byte;
      await writeFile(snapshot.manifest, bytes);
      const read = await readSnapshot(snapshot).catch((error: unknown) => error);
      if (read instanceof NearfoldError) expect(read.code).toBe("bad-input");
      else expect(read).toMatchObject({ commit, files: [{ path: file.path, size: 3 }] });
    }),
    { seed: 42, numRuns: 300 },
  );
});

test("a revision is remembered by its name, whatever is in it", async () => {
  await using cache = await temporaryFolder();
  const place = join(cache.path, "acme", "tiny");
  for (const revision of ["main", "refs/pr/7", "ümlaut"]) {
    expect(await readRef(place, revision)).toBeUndefined();
    await writeRef(place, revision, commit);
    expect(await readRef(place, revision)).toBe(commit);
  }
  expect(await readRef(place, commit)).toBe(commit);
  await writeRef(place, commit, commit);
  expect(await listRefs(place)).toEqual(expect.arrayContaining(["main", "refs/pr/7"]));
  expect(await listRefs(place)).toHaveLength(3);
  expect(await listRefs(dirname(place))).toEqual([]);
});

test.each([
  "",
  "{",
  "null",
  '{"revision":"dev","commit":"8b32"}',
  `{"revision":"main","commit":["${commit}"]}`,
])("a ref that reads %j is none", async (text) => {
  await using cache = await temporaryFolder();
  await writeDurably(join(cache.path, "refs", "dev.json"), text);
  expect(await readRef(cache.path, "dev")).toBeUndefined();
});
