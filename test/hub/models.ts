/** What the stand-in for the Hub has in the tests: files of the right names, whose contents nobody reads as a model. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { fetchModel, type HubOptions } from "../../src/hub/index.ts";
import { temporaryFolder } from "../temporary.ts";
import { type Files, startHub } from "./stand-in.ts";

export const ID = "acme/tiny-model";
/** 200 kB that are not all the same. */
export const weights = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i) >> 3));

/** What a loader needs of a model. */
export const needed: Files = {
  "config.json": '{"model_type":"bert"}',
  "modules.json": JSON.stringify([
    { idx: 0, path: "", type: "sentence_transformers.models.Transformer" },
    { idx: 1, path: "1_Pooling", type: "sentence_transformers.models.Pooling" },
    { idx: 2, path: "2_Normalize", type: "sentence_transformers.models.Normalize" },
  ]),
  "config_sentence_transformers.json": "{}",
  "sentence_bert_config.json": '{"max_seq_length":16}',
  "tokenizer.json": JSON.stringify({ padding: "é".repeat(2000) }),
  "tokenizer_config.json": "{}",
  "1_Pooling/config.json": "{}",
  "model.safetensors": weights,
};

/** All that lies beside it on the Hub. */
export const repository: Files = {
  ...needed,
  ".gitattributes": "*.safetensors filter=lfs",
  "README.md": "# tiny",
  "pytorch_model.bin": Buffer.alloc(5000, 1),
  "tf_model.h5": Buffer.alloc(5000, 2),
  "onnx/model.onnx": Buffer.alloc(3000, 3),
  "openvino/config.json": "{}",
};

/** A Hub with one model, and an empty cache. */
export async function hubAndCache(
  files: Files = repository,
  options: { readonly token?: string } = {},
) {
  const folder = await temporaryFolder();
  const hub = await startHub({ [ID]: { main: files } }, options);
  const cache = join(folder.path, "cache");
  return {
    hub,
    cache,
    fetch: (more: Partial<HubOptions> = {}) =>
      fetchModel(ID, { cache, endpoint: hub.endpoint, ...more }),
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The paths of all files below a folder. */
export async function filesIn(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Every file of a folder, and nothing else in it. */
export async function expectWhole(folder: string, files: object = needed): Promise<void> {
  expect(await filesIn(folder)).toEqual(Object.keys(files).sort());
  for (const [path, content] of Object.entries(files)) {
    expect((await readFile(join(folder, path))).equals(Buffer.from(content)), path).toBe(true);
  }
}
