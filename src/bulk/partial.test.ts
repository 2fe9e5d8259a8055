import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { Partial } from "./partial.ts";
import type { SinkKind } from "./sink.ts";
import { npy } from "./sinks/npy.ts";
import { store } from "./sinks/store.ts";

const run = { input: "a.jsonl", dims: 2 };
const counts = { read: 3, texts: 2, errors: 1, truncated: 0, tokens: 9 };
const open = (out: string, kind: SinkKind, more = {}) =>
  Partial.open(out, { kind, run, resumable: true, ...more });

/** A run that has all written, and is killed before anything has its name. */
async function finishedRun(out: string, kind: SinkKind): Promise<string> {
  await using partial = await open(out, kind);
  const error = new NearfoldError("bad-input", "no text");
  await partial.addErrors([{ row: 2, error }]);
  for (const { name } of kind.results) {
    const path = join(partial.folder, name);
    if (kind.folderWith === undefined) await writeFile(path, `all of ${name}`);
    else {
      await mkdir(path);
      await writeFile(join(path, kind.folderWith), "{}");
    }
  }
  await partial.record({ counts, sink: {}, finished: true });
  return partial.folder;
}

describe.each<[string, SinkKind, Record<string, string>]>([
  [
    "files",
    npy,
    { "vectors.npy": "v", "ids.jsonl": "v.ids.jsonl", "errors.jsonl": "v.errors.jsonl" },
  ],
  ["a folder", store, { store: "v", "errors.jsonl": "v.errors.jsonl" }],
])("a finished run of %s", (_, kind, names) => {
  it("has its names after any kill between two of them", async () => {
    const inOrder = ["errors.jsonl", ...kind.results.map(({ name }) => name)];
    for (let moved = 0; moved <= inOrder.length; moved++) {
      await using folder = await temporaryFolder();
      const out = join(folder.path, "v");
      const made = await finishedRun(out, kind);
      for (const name of inOrder.slice(0, moved)) {
        await rename(join(made, name), join(folder.path, names[name]));
      }
      await using again = await open(out, kind);
      expect(again.found).toMatchObject({ counts, finished: true });
      await again.publish();
      expect((await readdir(folder.path)).sort()).toEqual(Object.values(names).sort());
      const errors = await readFile(join(folder.path, "v.errors.jsonl"), "utf8");
      expect(JSON.parse(errors)).toEqual({ row: 2, code: "bad-input", message: "no text" });
    }
  });
});

it("one that was killed before its first window is begun anew, whatever it wrote", async () => {
  await using folder = await temporaryFolder();
  const out = join(folder.path, "v.npy");
  {
    await using partial = await open(out, npy);
    await writeFile(join(partial.folder, "vectors.npy"), "half of a window");
    await partial.addErrors([{ row: 1, error: new NearfoldError("bad-input", "no text") }]);
    expect(partial.isBegun).toBe(false);
  }
  await using again = await open(out, npy);
  expect(again.found).toBeUndefined();
  expect((await readdir(again.folder)).sort()).toEqual(["checkpoint.json", "errors.jsonl", "lock"]);
  expect(await readFile(join(again.folder, "errors.jsonl"), "utf8")).toBe("");
});

it("two are not at it at once", async () => {
  await using folder = await temporaryFolder();
  const out = join(folder.path, "v.npy");
  await using _ = await open(out, npy);
  await expect(open(out, npy)).rejects.toMatchObject({ code: "exists" });
});

it("neither a folder where a file is to be, nor a folder of somebody else's, is touched", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "v.npy"));
  await mkdir(join(folder.path, "index"));
  await writeFile(join(folder.path, "index", "thesis.txt"), "mine");
  await expect(open(join(folder.path, "v.npy"), npy)).rejects.toThrow(
    "a folder of the file's name",
  );
  const replace = { replace: true };
  await expect(open(join(folder.path, "index"), store, replace)).rejects.toThrow(
    "got no store.json",
  );
});
