import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { NearfoldError } from "../errors.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import { readWeights } from "./checkpoint.ts";
import { listWeights } from "./weight-files.ts";

const INDEX = "model.safetensors.index.json";
const [FIRST, SECOND] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let count = 0;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary[Symbol.asyncDispose]());

/** A folder of two shards and their index. */
async function sharded(): Promise<string> {
  const folder = join(temporary.path, `${count++}`);
  await mkdir(folder);
  await write(folder, FIRST, { a: floats([1, 2]), b: floats([3], []) });
  await write(folder, SECOND, { c: floats([4, 5, 6], [3, 1]) });
  const map = { a: FIRST, b: FIRST, c: SECOND };
  await writeFile(join(folder, INDEX), JSON.stringify({ metadata: {}, weight_map: map }));
  return folder;
}

const write = (folder: string, name: string, tensors: Record<string, Tensor>) =>
  writeSafetensors(join(folder, name), new Map(Object.entries(tensors)));

const mapped = (change: (map: Record<string, unknown>) => void) => async (folder: string) => {
  const path = join(folder, INDEX);
  const json = JSON.parse(await readFile(path, "utf8")) as { weight_map: Record<string, unknown> };
  change(json.weight_map);
  await writeFile(path, JSON.stringify(json));
};

test("shards are one checkpoint", async () => {
  const weights = await readWeights(await listWeights(await sharded()));
  expect(weights).toEqual(
    new Map([
      ["a", floats([1, 2])],
      ["b", floats([3], [])],
      ["c", floats([4, 5, 6], [3, 1])],
    ]),
  );
});

test("a whole file beside shards is taken, as transformers takes it", async () => {
  const folder = await sharded();
  await write(folder, "model.safetensors", { whole: floats([7]) });
  expect([...(await listWeights(folder)).keys()]).toEqual(["whole"]);
});

describe("shards that contradict their index are refused", () => {
  test.each<[name: string, (folder: string) => Promise<unknown>, code: string, RegExp]>([
    [
      "a missing shard",
      (f) => rm(join(f, SECOND)),
      "not-found",
      /index\.json: the index names a shard that is not there \(got "model-00002.*wanted .*model-00002/,
    ],
    [
      "a tensor in no shard",
      mapped((map) => {
        map.d = SECOND;
      }),
      "mismatch",
      /a tensor is in no shard \(got "d", wanted in model-00002/,
    ],
    [
      "a tensor in two shards",
      (f) => write(f, SECOND, { a: floats([1, 2]), c: floats([1]) }),
      "bad-input",
      /a tensor is in two shards \(got "a" in model-00002/,
    ],
    [
      "a tensor in another shard",
      mapped((map) => {
        map.b = SECOND;
      }),
      "mismatch",
      /a tensor is in another shard \(got "b" in model-00001.*, wanted model-00002/,
    ],
    [
      "a tensor that the index does not name",
      (f) => write(f, SECOND, { c: floats([1]), d: floats([1]) }),
      "mismatch",
      /a tensor is not in the index \(got "d" in model-00002/,
    ],
    [
      "a shard that is cut off",
      async (f) => writeFile(join(f, SECOND), (await readFile(join(f, SECOND))).subarray(0, -4)),
      "bad-input",
      /model-00002-of-00002\.safetensors: the data has another size/,
    ],
    [
      "a shard outside of the folder",
      mapped((map) => {
        map.c = "../0/model.safetensors";
      }),
      "bad-input",
      /index\.json, "c": the index names no file of this folder \(got "\.\.\/0\/model/,
    ],
    [
      "a shard that is no text",
      mapped((map) => {
        map.c = 2;
      }),
      "bad-input",
      /names no file of this folder \(got 2,/,
    ],
    [
      "pickled shards",
      mapped((map) => {
        map.c = "pytorch_model-00002-of-00002.bin";
      }),
      "unsupported",
      /got pytorch_model-00002-of-00002\.bin, wanted model\.safetensors/,
    ],
    [
      "an index without tensors",
      (f) => writeFile(join(f, INDEX), '{"weight_map": {}}'),
      "bad-input",
      /names no tensors \(got {}/,
    ],
    ["an index that is no JSON", (f) => writeFile(join(f, INDEX), "{"), "bad-input", /not JSON/],
    [
      "more shards than any model has",
      mapped((map) => {
        for (let i = 0; i < 5000; i++) map[`t${i}`] = `${i}.safetensors`;
      }),
      "too-large",
      /too many shards \(got 5002, wanted at most 4096/,
    ],
  ])("%s", async (_, change, code, message) => {
    const folder = await sharded();
    await change(folder);
    const error: unknown = await listWeights(folder).catch((error: unknown) => error);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
  });
});

test("whatever an index holds, it is read or refused", async () => {
  const folder = await sharded();
  const path = join(folder, INDEX);
  const text = await readFile(path, "utf8");
  const edits = fc.tuple(fc.nat(text.length - 1), fc.nat(4), fc.string({ maxLength: 4 }));
  await fc.assert(
    fc.asyncProperty(edits, async ([at, length, by]) => {
      await writeFile(path, text.slice(0, at) + by + text.slice(at + length));
      const error: unknown = await listWeights(folder).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (error !== undefined) expect(error).toBeInstanceOf(NearfoldError);
    }),
    { numRuns: 200 },
  );
});

describe("weights in other forms are refused, with a pointer to safetensors", () => {
  test.each([
    [["pytorch_model.bin"], "pytorch_model.bin"],
    [
      ["pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"],
      "pytorch_model-00001-of-00002.bin",
    ],
    [["optimizer.pt", "model.pt"], "model.pt"],
    [["weights.ckpt"], "weights.ckpt"],
    [["consolidated.00.pth"], "consolidated.00.pth"],
    [["tf_model.h5"], "tf_model.h5"],
    [["model-Q4_K_M.gguf"], "model-Q4_K_M.gguf"],
  ])("%j", async (names, named) => {
    const folder = join(temporary.path, `${count++}`);
    await mkdir(folder);
    for (const name of names) await writeFile(join(folder, name), "");
    const error: unknown = await listWeights(folder).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "unsupported", details: { got: named } });
    expect((error as Error).message).toMatch(/wanted model\.safetensors.*Pickles are never read/);
  });

  test("where there is nothing at all, it says what is missing", async () => {
    const folder = join(temporary.path, `${count++}`);
    await mkdir(folder);
    await expect(listWeights(folder)).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("model.safetensors"),
    });
  });
});
