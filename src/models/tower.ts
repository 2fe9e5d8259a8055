/** What a chain of modules says of how a text becomes a vector. */
import { join } from "node:path";
import { exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { loadTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import type { Architecture } from "./architecture.ts";
import { matchCheckpoint, type StoredWeights } from "./checkpoint.ts";
import { configReader } from "./config.ts";
import { noHead } from "./head.ts";
import { readHead } from "./head-files.ts";
import { type JsonObject, readJsonObject } from "./json-file.ts";
import type { Tower, Weight } from "./model.ts";
import type { Chain, Module } from "./modules.ts";
import { findGraph, readGraphFile } from "./onnx-file.ts";
import { ADAPTER_CONFIG } from "./peft.ts";
import { readFormats } from "./quantization.ts";
import { architectureOf } from "./registry.ts";
import { readTransformerSettings, type TransformerSettings } from "./sentence-transformers.ts";
import { lowerCased, truncationOf, withoutSpecialTokens } from "./tokenizer-files.ts";
import { hasWeights, listWeights, WEIGHTS_FILE } from "./weight-files.ts";

/**
 * Reads all of a chain but its weights; where it has none, or where a file is named, those of an ONNX graph, and they are in memory.
 * @throws as `loadModel`
 */
export async function readTower(
  folder: string,
  chain: Chain,
  graph?: string,
): Promise<Tower<Weight>> {
  const [first, ...rest] = chain;
  const home = join(folder, first.path);
  const isTransformer = first.type === "Transformer";
  const settings = isTransformer ? await readTransformerSettings(home) : { lowerCase: false };
  const path = graph ?? (isTransformer ? await graphInstead(home) : undefined);
  if (path !== undefined) return await readImported(path, folder, home, rest, settings);
  const files = await listWeights(home);
  const configPath = join(home, "config.json");
  const configJson = await readConfig(configPath, first, files);
  const architecture = architectureOf(configJson.model_type, configPath);
  requireModule(architecture, first, folder);
  const config = architecture.parseConfig(configReader(configJson, configPath));
  const tokenizer = await readTokenizer(home, architecture, settings);
  requireFit(tokenizer, architecture.vocabSize(config), home);
  const { head, weights } = await readHead(folder, rest, { architecture, config });
  const maxTokens = limitOf(settings, architecture, config, tokenizer, home);
  const formats = readFormats(configJson, files, configPath);
  const own = await matchCheckpoint(files, join(home, WEIGHTS_FILE), architecture, config, formats);
  const all = new Map<string, Weight>([...own, ...weights]);
  const tower = { architecture, config, configJson, head, tokenizer, maxTokens, weights: all };
  return formats.size > 0 ? { ...tower, formats } : tower;
}

/** What of a chain can be refused without its weights. @throws as `readTower` */
export async function requireSettings(folder: string, [first]: Chain): Promise<void> {
  const home = join(folder, first.path);
  // What an adapter lacks, its base has.
  if (await exists(join(home, ADAPTER_CONFIG))) return;
  if (first.type === "Transformer") {
    const at = join(home, "config.json");
    const json = await readConfig(at, first, new Map());
    architectureOf(json.model_type, at).parseConfig(configReader(json, at));
  }
  await loadTokenizer(home);
}

/** The graph of a folder that has no weights in a form that is read. */
async function graphInstead(home: string): Promise<string | undefined> {
  return (await hasWeights(home)) ? undefined : await findGraph(home);
}

/** A graph without modules after it may have its own pooling. */
async function readImported(
  path: string,
  folder: string,
  home: string,
  modules: readonly Module[],
  settings: TransformerSettings,
): Promise<Tower<Weight>> {
  const tokenizer = await readTokenizer(home, { module: "Transformer" }, settings);
  const { vocabSize } = tokenizer;
  const read = await readGraphFile(path, home, { pooled: modules.length === 0, vocabSize });
  const { architecture, config, configJson, pooled } = read;
  requireFit(tokenizer, architecture.vocabSize(config), home);
  const { head, weights } = pooled
    ? { head: noHead, weights: new Map() }
    : await readHead(folder, modules, { architecture, config });
  const maxTokens = limitOf(settings, architecture, config, tokenizer, home);
  const all = new Map<string, Weight>([...read.weights, ...weights]);
  return { architecture, config, configJson, head, tokenizer, maxTokens, weights: all };
}

/** `config.json`; a folder of sentence-transformers' StaticEmbedding has none, and needs none. */
async function readConfig(path: string, { type }: Module, files: StoredWeights) {
  const json = await readJsonObject(path);
  const isStatic = type === "StaticEmbedding" && json?.model_type !== "static";
  const table = isStatic && (files.get("embedding.weight") ?? files.get("embeddings"));
  if (table) {
    const [vocab_size, hidden_size] = table.shape;
    return { model_type: "static", vocab_size, hidden_size } satisfies JsonObject;
  }
  if (json) return json;
  throw new NearfoldError("not-found", "the folder has no config.json", { at: path });
}

async function readTokenizer(
  home: string,
  { module }: Pick<Architecture, "module">,
  { lowerCase }: TransformerSettings,
): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(home);
  if (module === "StaticEmbedding") return withoutSpecialTokens(tokenizer, home);
  return lowerCase ? lowerCased(tokenizer, home) : tokenizer;
}

/** The lowest of the limits that its readers heed; without one, what the architecture can take. */
function limitOf(
  { maxTokens }: TransformerSettings,
  architecture: Architecture,
  config: unknown,
  tokenizer: Tokenizer,
  home: string,
): number {
  if (architecture.module === "StaticEmbedding") {
    return truncationOf(tokenizer) ?? Number.POSITIVE_INFINITY;
  }
  const most = architecture.maxTokens(config);
  if (maxTokens === undefined) return Math.min(most, tokenizer.maxLength ?? most);
  if (maxTokens <= most) return maxTokens;
  throw new NearfoldError("mismatch", "max_seq_length is more than the model has positions", {
    at: home,
    got: `${maxTokens}`,
    wanted: `at most ${most}`,
  });
}

function requireModule(architecture: Architecture, { type }: Module, folder: string): void {
  if (architecture.module === type) return;
  const [got, wanted] = [type, architecture.module];
  const what = "modules.json and config.json are of two kinds of model";
  throw new NearfoldError("mismatch", what, { at: folder, got, wanted });
}

function requireFit({ vocabSize }: Tokenizer, rows: number, home: string): void {
  if (vocabSize <= rows) return;
  throw new NearfoldError("mismatch", "the tokenizer does not fit the weights", {
    at: join(home, "tokenizer.json"),
    got: `ids up to ${vocabSize - 1}`,
    wanted: `below ${rows}, the rows of the embedding table`,
  });
}
