import { readFile, writeFile } from "node:fs/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary.ts";
import { NearfoldError } from "../../errors.ts";
import type { Space } from "../../space.ts";
import {
  type Adapter,
  adapterPath,
  findAdapter,
  parseAdapter,
  saveAdapter,
} from "./adapter-file.ts";

const space = (letter: string, dims: number): Space => ({
  id: `sha256:${letter.repeat(64)}`,
  dims,
  similarity: "cosine",
});
const [asking, asked] = [space("a", 3), space("b", 2)];
const adapter: Adapter = {
  map: {
    how: "ridge 0.01",
    from: 3,
    to: 2,
    matrix: Float32Array.of(1, 2, 3, 4, 5, 6),
    shift: Float32Array.of(0.5, -0.5),
  },
  ...{ asking, asked, model: "old", texts: 100 },
  measured: { recall: 0.9, agreement: 0.8, own: 0.7, queries: 20, documents: 50 },
};

async function saved() {
  const folder = await temporaryFolder();
  await saveAdapter(folder.path, adapter);
  return { ...folder, path: folder.path, file: adapterPath(folder.path, asking) };
}

test("it is saved and found again, number for number", async () => {
  await using folder = await saved();
  expect(await findAdapter(folder.path, { asking, asked })).toEqual(adapter);
});

test("for a model of which there is none, nothing is found", async () => {
  await using folder = await saved();
  expect(await findAdapter(folder.path, { asking: space("c", 3), asked })).toBeUndefined();
  expect(await findAdapter(folder.path, { asking: space("a", 4), asked })).toBeUndefined();
});

test.each([
  ["an index of another space", { asking, asked: space("c", 2) }],
  ["an index of other dimensions", { asking, asked: space("b", 4) }],
])("for %s it is refused", async (_, spaces) => {
  await using folder = await saved();
  await expect(findAdapter(folder.path, spaces)).rejects.toThrow("the adapter is of another space");
});

test.each([
  ["a number that is none", { map: { ...adapter.map, shift: Float32Array.of(1, Number.NaN) } }],
  ["a share above 1", { measured: { ...adapter.measured, recall: 2 } }],
  ["a matrix of another shape", { asked: space("b", 3) }],
  ["texts below none", { texts: -1 }],
])("%s is refused", async (_, by) => {
  await using folder = await temporaryFolder();
  await saveAdapter(folder.path, { ...adapter, ...by });
  const bytes = await readFile(adapterPath(folder.path, asking));
  expect(() => parseAdapter(bytes, "file")).toThrow("not an adapter");
});

test("cut short it is an error of ours", async () => {
  await using folder = await saved();
  await writeFile(folder.file, (await readFile(folder.file)).subarray(0, 100));
  await expect(findAdapter(folder.path, { asking, asked })).rejects.toThrow(NearfoldError);
});

test("any change of a byte is an adapter or an error of ours", async () => {
  await using folder = await saved();
  const bytes = await readFile(folder.file);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const changed = Uint8Array.from(bytes);
      changed[at] = byte;
      try {
        const { map } = parseAdapter(changed, "file");
        expect(map.matrix).toHaveLength(map.from * map.to);
      } catch (error) {
        expect(error).toBeInstanceOf(NearfoldError);
      }
    }),
  );
});
