/** Where the graph of a model lies that has no weights of its own, and what its config.json says of it. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { loadModel as loadOnnx } from "../onnx/file.ts";
import type { Architecture } from "./architecture.ts";
import { configReader } from "./config.ts";
import { type JsonObject, readJsonObject } from "./json-file.ts";
import { type ImportedGraph, importGraph } from "./onnx-architecture.ts";
import { architectures } from "./registry.ts";

/** As optimum lays a model out, and as transformers.js does. */
const places = ["model.onnx", join("onnx", "model.onnx")];

/** The graph of a folder. @throws not-found naming the graphs that there are under other names */
export async function findGraph(home: string): Promise<string | undefined> {
  for (const place of places) if (await exists(join(home, place))) return join(home, place);
  const folders = [home, join(home, "onnx")];
  const listed = await Promise.all(folders.map((at) => readdir(at).catch((): string[] => [])));
  const others = listed.flat().filter((name) => name.endsWith(".onnx"));
  if (others.length === 0) return undefined;
  throw new NearfoldError("not-found", "several graphs, or none of the usual name", {
    at: home,
    got: others.sort().join(", "),
    wanted: places.join(" or "),
    hint: "Name the file itself instead of its folder",
  });
}

/** Whether a path names a graph itself. */
export async function isGraphFile(path: string): Promise<boolean> {
  return path.endsWith(".onnx") && ((await stat(path).catch(() => undefined))?.isFile() ?? false);
}

/** The folder that a graph belongs to: its own, or the one around that (`onnx/model.onnx`) where the tokenizer lies there. */
export async function folderOfGraph(path: string): Promise<string> {
  const own = dirname(path);
  const around = dirname(own);
  const isInside = basename(own) === "onnx" && !(await exists(join(own, "tokenizer.json")));
  return isInside && (await exists(join(around, "tokenizer.json"))) ? around : own;
}

interface GraphFile extends ImportedGraph {
  /** `config.json`, empty where there is none. */
  readonly configJson: JsonObject;
}

/**
 * Reads a graph as a text model; `pooled` as in `importGraph`.
 * @throws as `importGraph` and onnx's `loadModel`
 */
export async function readGraphFile(
  path: string,
  home: string,
  { pooled, vocabSize }: { readonly pooled: boolean; readonly vocabSize: number },
): Promise<GraphFile> {
  const at = join(home, "config.json");
  const configJson = (await readJsonObject(at)) ?? {};
  const decoded = await loadOnnx(path);
  const positions = positionsOf(configJson, at);
  const facts = { at: path, pooled, vocabSize, ...(positions !== undefined && { positions }) };
  return { ...importGraph(decoded, facts), configJson };
}

/** Model types that count positions from behind the padding id, of those that there is no architecture for. */
const countsFromPad = /roberta|camembert|longformer|data2vec|luke/;

/** How many positions a config.json has, if it says. */
function positionsOf(json: JsonObject, at: string): number | undefined {
  const { model_type: type, max_position_embeddings: most, pad_token_id: pad } = json;
  if (typeof type === "string" && Object.hasOwn(architectures, type)) {
    const own = architectures[type as keyof typeof architectures] as Architecture;
    return own.maxTokens(own.parseConfig(configReader(json, at)));
  }
  const first = typeof type === "string" && countsFromPad.test(type) ? Number(pad ?? 1) + 1 : 0;
  const count = Math.floor(Number(most)) - first;
  return count > 0 ? count : undefined;
}
