/** What others export of the golden BERT (goldens/onnx/make.py), and folders of it as they lay them out. */
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ImportedGraph, importGraph } from "../../src/models/onnx-architecture.ts";
import type { DecodedModel } from "../../src/onnx/index.ts";
import { loadModel } from "../../src/onnx/index.ts";
import { goldenJson } from "../golden.ts";
import { tinyBert } from "../tiny-models.ts";

/** By optimum, and by both of torch's exporters. */
export const exporters = ["optimum", "torchscript", "dynamo"] as const;

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../goldens/onnx/${name}.onnx`, import.meta.url));
}

/** A fixture, read as a text model of 64 positions. */
export async function imported(
  name: string,
  { pooled = false } = {},
): Promise<ImportedGraph & { readonly decoded: DecodedModel }> {
  const decoded = await loadModel(fixturePath(name));
  const facts = { at: name, pooled, vocabSize: 512, positions: 64 };
  return { ...importGraph(decoded, facts), decoded };
}

/** Writes the folder of a graph: with a tokenizer, and a config.json where `config` is asked for. */
export async function exportedFolder(
  folder: string,
  graph: string,
  { place = "model.onnx", config = true } = {},
): Promise<string> {
  const path = join(folder, place);
  await mkdir(dirname(path), { recursive: true });
  await copyFile(graph, path);
  const { tokenizer } = tinyBert();
  await writeFile(join(folder, "tokenizer.json"), tokenizer.json);
  await writeFile(join(folder, "tokenizer_config.json"), tokenizer.config);
  const json = JSON.stringify(goldenJson("models/bert/config"));
  if (config) await writeFile(join(folder, "config.json"), json);
  return folder;
}
