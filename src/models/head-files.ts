/** What comes after the transformer, as sentence-transformers keeps it: a folder for each module, with its settings and weights. */
import { join } from "node:path";
import { NearfoldError } from "../errors.ts";
import type { Pooling } from "../nn/pooling.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { requireWeights, type StoredWeights, weightShapes } from "./checkpoint.ts";
import { type Head, type HeadLayer, layerFolder } from "./head.ts";
import { type JsonObject, readJsonObject } from "./json-file.ts";
import { parseDense, parseLayerNorm, parsePooling } from "./layer-configs.ts";
import type { Tower } from "./model.ts";
import type { Module } from "./modules.ts";
import { listWeights } from "./weight-files.ts";

/**
 * The head that follows a transformer or a static table, and where its weights lie, under the names that the model has for them.
 * @throws mismatch where a module is for another width than what goes into it; unsupported, bad-input, not-found naming the file
 */
export async function readHead(
  folder: string,
  modules: readonly Module[],
  tower: Pick<Tower, "architecture" | "config">,
): Promise<{ readonly head: Head; readonly weights: StoredWeights }> {
  const { architecture, config } = tower;
  const width = architecture.width(config);
  const pooling = modules.find(({ type }) => type === "Pooling");
  const pooled: Pooling = pooling
    ? await readSettings(folder, pooling, (json, at) => parsePooling(json, width, at))
    : { pooling: ["mean"], includePrompt: true };
  const layers: HeadLayer[] = [];
  const after = modules.filter((module) => module !== pooling);
  let now = pooled.pooling.length * width;
  for (const module of after) {
    const layer = await readLayer(folder, module, now);
    if (layer.type === "dense") now = layer.out;
    layers.push(layer);
  }
  const head: Head = { ...pooled, layers };
  return { head, weights: await layerWeights(folder, after, tower, head) };
}

async function readLayer(folder: string, module: Module, width: number): Promise<HeadLayer> {
  if (module.type === "Normalize") return { type: "normalize" };
  const parse = module.type === "Dense" ? parseDense : parseLayerNorm;
  return readSettings<HeadLayer>(folder, module, (json, at) => parse(json, width, at));
}

async function readSettings<T>(
  folder: string,
  { path }: Module,
  parse: (json: JsonObject, at: string) => T,
): Promise<T> {
  const at = join(folder, path, "config.json");
  const json = await readJsonObject(at);
  if (json) return parse(json, at);
  throw new NearfoldError("not-found", "modules.json names a module that is not there", { at });
}

async function layerWeights(
  folder: string,
  modules: readonly Module[],
  { architecture, config }: Pick<Tower, "architecture" | "config">,
  head: Head,
): Promise<StoredWeights> {
  const wanted = weightShapes(architecture, config, head);
  const weights = new Map<string, StoredTensor>();
  for (const [i, { path }] of modules.entries()) {
    const prefix = `${layerFolder(architecture, head, i)}.`;
    const mine = new Map([...wanted].filter(([name]) => name.startsWith(prefix)));
    if (mine.size === 0) continue;
    const home = join(folder, path);
    const files = await listWeights(home);
    const named = new Map([...files].map(([name, stored]) => [prefix + name, stored]));
    requireWeights(named, home, mine);
    for (const [name, stored] of named) weights.set(name, stored);
  }
  return weights;
}
