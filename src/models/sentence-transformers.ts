/** The settings that sentence-transformers keeps beside its modules: prompts, similarity, the transformer's limit. */
import { join } from "node:path";
import { NearfoldError } from "../errors.ts";
import type { Space } from "../space.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { layerFolder } from "./head.ts";
import { isJsonObject, type JsonObject, readJsonObject, show } from "./json-file.ts";
import { layerJson, poolingJson } from "./layer-configs.ts";
import type { Model, Role } from "./model.ts";

/** The files around `config.json`, the tokenizer and the weights, by path, in the spelling of every release since 2.0. */
export function moduleFiles(model: Model<unknown>): Readonly<Record<string, unknown>> {
  const { architecture, config, head, maxTokens, prompts, card } = model;
  const isTransformer = architecture.module === "Transformer";
  const layers = head.layers.map((layer, i) => {
    const path = layerFolder(architecture, head, i);
    return { path, type: path.slice(path.indexOf("_") + 1), json: layerJson(layer) };
  });
  const parts = [
    // "." is for StaticEmbedding what "" is for Transformer: releases before 5 would call its constructor for "".
    { type: architecture.module, path: isTransformer ? "" : "." },
    ...(isTransformer ? [{ type: "Pooling", path: "1_Pooling" }] : []),
    ...layers,
  ];
  const settings = {
    "config_sentence_transformers.json": {
      prompts,
      default_prompt_name: null,
      similarity_fn_name: card.space.similarity,
    },
    ...(isTransformer && {
      "sentence_bert_config.json": { max_seq_length: maxTokens, do_lower_case: false },
    }),
  };
  // A graph that pools by itself is no module of sentence-transformers.
  if (head.pooling.length === 0) return settings;
  return {
    ...settings,
    "modules.json": parts.map(({ type, path }, idx) => ({
      idx,
      name: `${idx}`,
      path,
      type: `sentence_transformers.models.${type}`,
    })),
    ...(isTransformer && {
      "1_Pooling/config.json": poolingJson(head, architecture.width(config)),
    }),
    ...Object.fromEntries(
      layers.flatMap(({ path, json }) => (json ? [[`${path}/config.json`, json]] : [])),
    ),
  };
}

/** The weights of each folder that has some, "" for the transformer's own, by their names there. */
export function weightsByFolder({ architecture, head, weights }: Model<Tensor>) {
  const folders = head.layers.map((_, i) => layerFolder(architecture, head, i));
  const all = new Map<string, Map<string, Tensor>>([["", new Map()]]);
  for (const [name, weight] of weights) {
    const home = folders.find((folder) => name.startsWith(`${folder}.`)) ?? "";
    const own = all.get(home) ?? new Map<string, Tensor>();
    all.set(home, own.set(home === "" ? name : name.slice(home.length + 1), weight));
  }
  return all;
}

export interface GeneralSettings {
  readonly prompts: Readonly<Record<Role, string>>;
  readonly similarity: Space["similarity"];
}

/**
 * `config_sentence_transformers.json`: each role's prompt, or else the default one.
 * @throws unsupported for another similarity or kind of model; mismatch where the default prompt is none
 */
export async function readGeneral(folder: string): Promise<GeneralSettings> {
  const path = join(folder, "config_sentence_transformers.json");
  const json = (await readJsonObject(path)) ?? {};
  const kind = json.model_type ?? "SentenceTransformer";
  if (kind !== "SentenceTransformer") {
    const [got, wanted] = [show(kind), "SentenceTransformer"];
    throw new NearfoldError("unsupported", "another kind of model", { at: path, got, wanted });
  }
  const prompts = isJsonObject(json.prompts) ? json.prompts : {};
  const fallback = json.default_prompt_name ?? undefined;
  if (fallback !== undefined && ownText(prompts, fallback) === undefined) {
    throw new NearfoldError("mismatch", "default_prompt_name names no prompt", {
      at: path,
      got: show(fallback),
      wanted: `one of ${show(Object.keys(prompts))}`,
    });
  }
  const prompt = (...names: readonly unknown[]) => {
    const found = [...names, fallback].map((name) => ownText(prompts, name));
    return found.find((text) => text !== undefined) ?? "";
  };
  const similarity = json.similarity_fn_name ?? "cosine";
  if (similarity !== "cosine" && similarity !== "dot") {
    const [got, wanted] = [show(similarity), "cosine or dot"];
    throw new NearfoldError("unsupported", "an unknown similarity", { at: path, got, wanted });
  }
  return {
    prompts: { query: prompt("query"), document: prompt("document", "passage", "corpus") },
    similarity,
  };
}

export interface TransformerSettings {
  readonly maxTokens?: number;
  /** Lower-case texts even where the tokenizer does not. */
  readonly lowerCase: boolean;
}

/** `sentence_bert_config.json`, and what releases of old called it for other architectures. */
const transformerFiles = [
  "bert",
  "roberta",
  "distilbert",
  "camembert",
  "albert",
  "xlm-roberta",
].map((name) => `sentence_${name}_config.json`);

/** What the transformer may do besides; each must be as it is by default. */
const defaults: Readonly<Record<string, (value: unknown) => boolean>> = {
  transformer_task: (value) => value === "feature-extraction",
  module_output_name: (value) => value === "token_embeddings",
  modality_config: isPlainText,
  processing_kwargs: isEmpty,
  config_kwargs: isEmpty,
  config_args: isEmpty,
  query_length: () => false,
  document_length: () => false,
  query_expansion: () => false,
};

/** @throws unsupported naming a setting that is not ours; bad-input */
export async function readTransformerSettings(home: string): Promise<TransformerSettings> {
  for (const name of transformerFiles) {
    const path = join(home, name);
    const json = await readJsonObject(path);
    if (json) return parseTransformerSettings(json, path);
  }
  return { lowerCase: false };
}

function parseTransformerSettings(json: JsonObject, at: string): TransformerSettings {
  for (const [key, isDefault] of Object.entries(defaults)) {
    const value = Object.hasOwn(json, key) ? (json[key] ?? undefined) : undefined;
    if (value === undefined || isDefault(value)) continue;
    const got = `${key}: ${show(value)}`;
    throw new NearfoldError("unsupported", "a setting of the transformer that is not ours", {
      at,
      got,
    });
  }
  const limit = json.max_seq_length ?? undefined;
  const lowerCase = json.do_lower_case === true;
  if (limit === undefined) return { lowerCase };
  if (Number.isInteger(limit) && (limit as number) > 0) {
    return { lowerCase, maxTokens: limit as number };
  }
  const wanted = "a whole number of at least 1";
  const what = 'field "max_seq_length" is not usable';
  throw new NearfoldError("bad-input", what, { at, got: show(limit), wanted });
}

/** Texts go in as they are, not as the messages of a chat, and the hidden states come out. */
function isPlainText(value: unknown): boolean {
  if (!isJsonObject(value) || Object.hasOwn(value, "message")) return false;
  const text = value.text;
  return isJsonObject(text) && text.method_output_name === "last_hidden_state";
}

function isEmpty(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function ownText(object: JsonObject, name: unknown): string | undefined {
  const value = typeof name === "string" && Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === "string" ? value : undefined;
}
