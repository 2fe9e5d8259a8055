/** The files in which sentence-transformers says what follows the transformer, in the spelling of every release since 2.0. */
import { join } from "node:path";
import { NearfoldError } from "../errors.ts";
import { type PoolingMode, poolingModes } from "../nn/pooling.ts";
import type { Space } from "../space.ts";
import type { Architecture } from "./architecture.ts";
import { type Head, isNormalized, poolingHead } from "./head.ts";
import { isJsonObject, type JsonObject, readJson, readJsonObject, show } from "./json-file.ts";
import type { Model, Role } from "./model.ts";

/** What the files say; `path` is the folder of the transformer inside the model's. */
export interface Modules {
  readonly module: Architecture["module"];
  readonly path: string;
  readonly head: Head;
  /** Width that the pooling was written for. */
  readonly width?: number;
  readonly maxTokens?: number;
  readonly prompts: Readonly<Record<Role, string>>;
  readonly similarity: Space["similarity"];
}

/** The older spelling of the pooling modes, in the order of sentence-transformers' Pooling. */
const legacyModes: Readonly<Record<PoolingMode, string>> = {
  cls: "pooling_mode_cls_token",
  max: "pooling_mode_max_tokens",
  mean: "pooling_mode_mean_tokens",
  mean_sqrt_len_tokens: "pooling_mode_mean_sqrt_len_tokens",
  weightedmean: "pooling_mode_weightedmean_tokens",
  lasttoken: "pooling_mode_lasttoken",
};
/** Releases before 2.3 know only these keys. */
const firstModes: readonly PoolingMode[] = ["cls", "max", "mean", "mean_sqrt_len_tokens"];

/** The files around `config.json`, the tokenizer and the weights, by path. */
export function moduleFiles(model: Model): Readonly<Record<string, unknown>> {
  const { architecture, config, head, maxTokens, prompts, card } = model;
  const isTransformer = architecture.module === "Transformer";
  const parts = [
    // "." is for StaticEmbedding what "" is for Transformer: releases before 5 would call its constructor for "".
    [architecture.module, isTransformer ? "" : "."],
    ...(isTransformer ? [["Pooling", "1_Pooling"]] : []),
    ...(isNormalized(head) ? [["Normalize", isTransformer ? "2_Normalize" : "1_Normalize"]] : []),
  ];
  const pooling = {
    word_embedding_dimension: architecture.width(config),
    ...Object.fromEntries(
      poolingModes
        .filter((mode) => firstModes.includes(mode) || head.pooling.includes(mode))
        .map((mode) => [legacyModes[mode], head.pooling.includes(mode)]),
    ),
  };
  return {
    "modules.json": parts.map(([type, path], idx) => ({
      idx,
      name: `${idx}`,
      path,
      type: `sentence_transformers.models.${type}`,
    })),
    "config_sentence_transformers.json": {
      prompts,
      default_prompt_name: null,
      similarity_fn_name: card.space.similarity,
    },
    ...(isTransformer && {
      "sentence_bert_config.json": { max_seq_length: maxTokens, do_lower_case: false },
      "1_Pooling/config.json": pooling,
    }),
  };
}

/**
 * Reads them; a folder without `modules.json` is a bare transformer, which sentence-transformers pools by mean.
 * @throws bad-input, mismatch; unsupported naming a module or a setting that is not one of ours
 */
export async function readModules(folder: string): Promise<Modules> {
  const at = join(folder, "modules.json");
  const modules = parseModules(await readJson(at), at);
  const [first, ...rest] = modules as [ModuleEntry, ...ModuleEntry[]];
  const pooling = rest.find(({ type }) => type === "Pooling");
  const normalize = rest.some(({ type }) => type === "Normalize");
  const pooled = pooling && (await readPooling(join(folder, pooling.path, "config.json")));
  const general = await readGeneral(join(folder, "config_sentence_transformers.json"));
  const bert = join(folder, first.path, "sentence_bert_config.json");
  const maxTokens = first.type === "Transformer" ? await readMaxTokens(bert) : undefined;
  return {
    module: first.type as Modules["module"],
    path: first.path,
    head: poolingHead(pooled?.mode ?? "mean", { normalize }),
    ...general,
    ...(pooled?.width !== undefined && { width: pooled.width }),
    ...(maxTokens !== undefined && { maxTokens }),
  };
}

interface ModuleEntry {
  readonly type: string;
  readonly path: string;
}

/** Orders of modules that are understood; `?` may be absent. */
const known = /^(Transformer( Pooling)?|StaticEmbedding)( Normalize)?$/;

function parseModules(json: unknown, at: string): readonly ModuleEntry[] {
  if (json === undefined) return [{ type: "Transformer", path: "" }];
  const entries = Array.isArray(json) ? json : [];
  const modules = entries.filter(isJsonObject).map(({ type, path }) => {
    const [library, ...rest] = asText(type).split(".");
    return {
      type: library === "sentence_transformers" ? (rest.at(-1) ?? "") : asText(type),
      path: asText(path),
    };
  });
  if (modules.length === 0) {
    const wanted = "a list of modules with type and path";
    throw new NearfoldError("bad-input", "no modules", { at, got: show(json), wanted });
  }
  const outside = modules.find(({ path }) => /^[\\/]|:|\0|(^|[\\/])\.\.([\\/]|$)/.test(path));
  if (outside) {
    const got = show(outside.path);
    throw new NearfoldError("bad-input", "a module lies outside the folder", { at, got });
  }
  const order = modules.map(({ type }) => type).join(" ");
  if (known.test(order)) return modules;
  throw new NearfoldError("unsupported", "modules that cannot be read", {
    at,
    got: show(order),
    wanted: "Transformer Pooling, StaticEmbedding; Normalize may follow",
  });
}

async function readPooling(path: string): Promise<{ mode: PoolingMode; width?: number }> {
  const json = await readJsonObject(path);
  if (!json) throw new NearfoldError("not-found", "modules.json names a pooling", { at: path });
  const legacy = poolingModes.filter((mode) => json[legacyModes[mode]] === true);
  const stated = json.pooling_mode ?? (legacy.length === 0 ? "mean" : legacy);
  const modes: readonly unknown[] = Array.isArray(stated) ? stated : [stated];
  const mode = poolingModes.find((mode) => modes.length === 1 && mode === modes[0]);
  if (mode === undefined || json.include_prompt === false) {
    throw new NearfoldError("unsupported", "this pooling cannot be read", {
      at: path,
      got: json.include_prompt === false ? "include_prompt: false" : show(stated),
      wanted: `one of ${poolingModes.join(", ")}`,
    });
  }
  const width = json.embedding_dimension ?? json.word_embedding_dimension;
  return { mode, ...(typeof width === "number" && { width }) };
}

async function readMaxTokens(path: string): Promise<number | undefined> {
  const json = (await readJsonObject(path)) ?? {};
  if (json.do_lower_case === true) {
    throw new NearfoldError("unsupported", "the tokenizer must lower-case by itself", {
      at: path,
      got: "do_lower_case: true",
      hint: "Set it to false if tokenizer.json has a lower-casing normalizer",
    });
  }
  const limit = json.max_seq_length ?? undefined;
  if (limit === undefined || (Number.isInteger(limit) && (limit as number) > 0)) {
    return limit as number | undefined;
  }
  const wanted = "a whole number of at least 1";
  const what = 'field "max_seq_length" is not usable';
  throw new NearfoldError("bad-input", what, { at: path, got: show(limit), wanted });
}

async function readGeneral(path: string): Promise<Pick<Modules, "prompts" | "similarity">> {
  const json = (await readJsonObject(path)) ?? {};
  const prompts = isJsonObject(json.prompts) ? json.prompts : {};
  const fallback = asText(json.default_prompt_name);
  const prompt = (...names: readonly string[]) => {
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

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function ownText(object: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === "string" ? value : undefined;
}
