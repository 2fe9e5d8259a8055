/** An encoder whose weights stay in their files: whatever those are, it computes what the loaded model does. */
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary.ts";
import { texts, tinyBert, tinyStatic } from "../../test/tiny-models.ts";
import { loadModel } from "../models/load.ts";
import { saveModel } from "../models/save.ts";
import type { DType } from "../tensor/dtype.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../tensor/half.ts";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { floats, tensor } from "../tensor/tensor.ts";
import { openEncoder } from "./encoder.ts";

let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
let count = 0;
beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary[Symbol.asyncDispose]());

const models = { bert: tinyBert, static: tinyStatic };
type Kind = keyof typeof models;

/** A saved folder, without the card that would tell of changes. */
async function saved(kind: Kind): Promise<string> {
  const folder = join(temporary.path, `${count++} é`, kind);
  await saveModel(folder, models[kind]());
  await rm(join(folder, "nearfold.json"));
  return folder;
}

/** The vectors of a folder are, to the bit, those of the model loaded from it. */
async function expectSame(folder: string, options: { readonly worker?: boolean } = {}) {
  const model = await loadModel(folder);
  await using loaded = await openEncoder(model);
  await using mapped = await openEncoder(folder, options);
  expect(mapped.space).toEqual(loaded.space);
  const [found, wanted] = [await mapped.encode(texts), await loaded.encode(texts)];
  expect(found.vectors).toEqual(wanted.vectors);
  expect(found.vectors.some((value) => value !== 0)).toBe(true);
}

const conversions: readonly [DType, (data: Float32Array) => ArrayLike<number>][] = [
  ["float32", (data) => data],
  ["float64", (data) => Float64Array.from(data)],
  ["float16", (data) => float32ToFloat16(data)],
  ["bfloat16", (data) => float32ToBfloat16(data)],
];

describe.each(["bert", "static"] as const)("%s", (kind) => {
  test.each(conversions)("%s", async (dtype, convert) => {
    const folder = await saved(kind);
    const weights = [...models[kind]().weights].map(
      ([name, { shape, data }]) => [name, tensor(dtype, shape, convert(data) as never)] as const,
    );
    await writeSafetensors(join(folder, "model.safetensors"), new Map(weights));
    await expectSame(folder);
  });
});

test("some weights of 16 bits, some of 32", async () => {
  const folder = await saved("bert");
  const weights = [...tinyBert().weights].map(
    ([name, { shape, data }]) =>
      [
        name,
        name.includes("embeddings")
          ? tensor("bfloat16", shape, float32ToBfloat16(data) as never)
          : floats(data, shape),
      ] as const,
  );
  await writeSafetensors(join(folder, "model.safetensors"), new Map(weights));
  await expectSame(folder);
});

test("in a worker", async () => {
  await expectSame(await saved("bert"), { worker: true });
});

test("a folder of links, as the Hub's cache is made", async () => {
  const folder = await saved("bert");
  const blobs = join(folder, "../blobs");
  await mkdir(blobs);
  for (const [i, name] of ["model.safetensors", "tokenizer.json", "config.json"].entries()) {
    await rename(join(folder, name), join(blobs, `${i}`));
    await symlink(`../blobs/${i}`, join(folder, name));
  }
  await expectSame(folder);
});

test("shards that lie in several folders", async () => {
  const folder = await saved("bert");
  const all = [...tinyBert().weights];
  const weight_map: Record<string, string> = {};
  for (const part of [0, 1]) {
    const name = `model-0000${part + 1}-of-00002.safetensors`;
    const own = all.filter((_, i) => i % 2 === part);
    for (const [weight] of own) weight_map[weight] = name;
    const path = join(folder, "../parts", `${part}`, "blob");
    await mkdir(join(path, ".."), { recursive: true });
    await writeSafetensors(path, new Map(own));
    await symlink(path, join(folder, name));
  }
  await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map }));
  await rm(join(folder, "model.safetensors"));
  await expectSame(folder);
});

test("another model in the folder's place changes nothing for an encoder that is open", async () => {
  const folder = join(temporary.path, "replaced");
  await saveModel(folder, tinyBert());
  await using encoder = await openEncoder(folder);
  const { vectors } = await encoder.encode(texts);
  await saveModel(folder, tinyStatic(), { replace: true });
  expect((await encoder.encode(texts)).vectors).toEqual(vectors);
});
