import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { asIoError, exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { openSafetensors, type Safetensors } from "../tensor/safetensors.ts";
import { loadTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import type { Architecture } from "./architecture.ts";
import { CARD_FILE, newCard, parseCard, requireOwnSpace } from "./card.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { configReader } from "./config.ts";
import { spaceOf } from "./fingerprint.ts";
import { type JsonObject, readJsonObject } from "./json-file.ts";
import type { Model } from "./model.ts";
import { architectureOf } from "./registry.ts";
import { type Modules, readModules } from "./sentence-transformers.ts";
import { truncationOf, withoutSpecialTokens } from "./tokenizer-files.ts";

/**
 * Reads a model's folder: nearfold's own, sentence-transformers', or a bare transformer's (then pooled by mean). Weights of 16 bits become float32.
 * @throws not-found, bad-input, too-large, io; mismatch where its files contradict each other; unsupported; each names the file
 */
export async function loadModel(folder: string): Promise<Model> {
  const found = await stat(folder).catch((cause: unknown) => {
    throw asIoError(cause, folder, "read");
  });
  if (!found.isDirectory()) {
    const [got, wanted] = ["a file", "a model's folder"];
    throw new NearfoldError("bad-input", "not a folder", { at: folder, got, wanted });
  }
  const modules = await readModules(folder);
  const home = join(folder, modules.path);
  await using file = await openWeights(home);
  const configPath = join(home, "config.json");
  const configJson = await readConfig(configPath, modules, file);
  const architecture = architectureOf(configJson.model_type, configPath);
  requireModule(architecture, modules, folder);
  const config = architecture.parseConfig(configReader(configJson, configPath));
  const weightsPath = join(home, "model.safetensors");
  const tokenizer = await readTokenizer(home, architecture);
  requireFit(tokenizer, architecture.vocabSize(config), home);
  const { head, prompts, similarity } = modules;
  const dims = architecture.width(config);
  requireWidth(modules, dims, folder);
  const maxTokens = limitOf(modules, architecture, config, tokenizer, folder);
  const weights = await readCheckpoint(file, weightsPath, architecture, config);
  const facts = { name: basename(resolve(folder)), architecture, config, configJson, head };
  const card = newCard(dims, prompts, similarity);
  const model: Model = { ...facts, tokenizer, maxTokens, prompts, weights, card };
  // Awaited here: while the weights' file closes, a refusal would be a rejection that nobody handles.
  return await withCard(model, join(folder, CARD_FILE));
}

/** The model with the card of its folder, or where it has none, a new one; either with the space of what was read. */
async function withCard(model: Model, path: string): Promise<Model> {
  const json = await readJsonObject(path);
  const space = spaceOf(model);
  if (!json) return { ...model, card: { ...model.card, space } };
  const card = parseCard(json, path);
  requireOwnSpace(card, space, path);
  return { ...model, card };
}

async function openWeights(home: string): Promise<Safetensors> {
  const path = join(home, "model.safetensors");
  for (const [other, hint] of [
    ["model.safetensors.index.json", "Join the parts into one model.safetensors"],
    ["pytorch_model.bin", "Convert it to safetensors: save it again with sentence-transformers"],
  ] as const) {
    if ((await exists(path)) || !(await exists(join(home, other)))) continue;
    const [got, wanted] = [other, "model.safetensors"];
    throw new NearfoldError("unsupported", "weights in another form", {
      at: home,
      got,
      wanted,
      hint,
    });
  }
  return openSafetensors(path);
}

/** `config.json`; a folder of sentence-transformers' StaticEmbedding has none, and needs none. */
async function readConfig(path: string, { module }: Modules, file: Safetensors) {
  const json = await readJsonObject(path);
  const isStatic = module === "StaticEmbedding" && json?.model_type !== "static";
  const table = ["embedding.weight", "embeddings"].find((name) => isStatic && file.has(name));
  if (table !== undefined) {
    const [vocab_size, hidden_size] = file.info(table).shape;
    return { model_type: "static", vocab_size, hidden_size } satisfies JsonObject;
  }
  if (json) return json;
  throw new NearfoldError("not-found", "the folder has no config.json", { at: path });
}

async function readTokenizer(home: string, { module }: Architecture): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(home);
  return module === "StaticEmbedding" ? withoutSpecialTokens(tokenizer, home) : tokenizer;
}

/** The lowest of the limits that its readers heed; without one, what the architecture can take. */
function limitOf(
  { module, maxTokens }: Modules,
  architecture: Architecture,
  config: unknown,
  tokenizer: Tokenizer,
  folder: string,
): number {
  if (module === "StaticEmbedding") return truncationOf(tokenizer) ?? Number.POSITIVE_INFINITY;
  const most = architecture.maxTokens(config);
  if (maxTokens === undefined) return Math.min(most, tokenizer.maxLength ?? most);
  if (maxTokens <= most) return maxTokens;
  throw new NearfoldError("mismatch", "max_seq_length is more than the model has positions", {
    at: folder,
    got: `${maxTokens}`,
    wanted: `at most ${most}`,
  });
}

function requireModule(architecture: Architecture, { module }: Modules, folder: string): void {
  if (architecture.module === module) return;
  const [got, wanted] = [module, architecture.module];
  const what = "modules.json and config.json are of two kinds of model";
  throw new NearfoldError("mismatch", what, { at: folder, got, wanted });
}

function requireWidth({ width }: Modules, dims: number, folder: string): void {
  if (width === undefined || width === dims) return;
  const [got, wanted] = [`${width}`, `${dims}`];
  const what = "the pooling is written for another width";
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
