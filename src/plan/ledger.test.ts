import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { hashFile } from "../data/hash-file.ts";
import { keyOf, recall, record } from "./ledger.ts";

test("what was recorded is found by its key alone", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a", "x.json");
  const key = keyOf({ of: "a", settings: ["--layers", "3"] });
  expect(await recall(path, key)).toBeUndefined();
  await record(path, key, { ms: 1.5 });
  expect(await recall(path, key)).toEqual({ ms: 1.5 });
  expect(await recall(path, keyOf({ of: "b", settings: ["--layers", "3"] }))).toBeUndefined();
});

test("a file that was changed, cut or never ours is as none", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "x.json");
  const key = keyOf({});
  await record(path, key, { ms: 1.5 });
  const whole = await readFile(path);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 4 }), async (at, put) => {
      await writeFile(path, Buffer.concat([whole.subarray(0, at), put]));
      const found = await recall(path, key);
      if (found !== undefined) expect(found).toEqual({ ms: 1.5 });
    }),
    { numRuns: 50 },
  );
});

test("a file's hash is of its bytes", async () => {
  await using folder = await temporaryFolder();
  expect(await hashFile(await folder.write("a", "abc"))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
