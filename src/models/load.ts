import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { asIoError } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import type { Space } from "../space.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { CARD_FILE, newCard, parseCard, requireOwnSpace } from "./card.ts";
import { readWeights } from "./checkpoint.ts";
import { readHeld } from "./codes.ts";
import { spaceOf, spaceOfStored } from "./fingerprint.ts";
import { widthOf } from "./head.ts";
import { readJsonObject } from "./json-file.ts";
import { type Model, requireFloats, requireOneTower, type Weight } from "./model.ts";
import { readChains } from "./modules.ts";
import { folderOfGraph, isGraphFile } from "./onnx-file.ts";
import { readGeneral } from "./sentence-transformers.ts";
import { readTower, requireSettings } from "./tower.ts";

/**
 * Reads a model's folder: nearfold's own, sentence-transformers', or a bare transformer's (then pooled by mean). Weights become float32. A folder
 * that has no weights but an ONNX graph, or a path that names the graph, is read as that graph; its folder says the rest.
 * @throws not-found, bad-input, too-large, io; mismatch where its files contradict each other; unsupported; each names the file
 */
export async function loadModel(path: string): Promise<Model> {
  const { queryTower, ...located } = await locate(path);
  requireFloats({ ...located, ...(queryTower && { queryTower }) }, "changed");
  const model: Model = {
    ...located,
    weights: await readWeights(located.weights),
    ...(queryTower && {
      queryTower: { ...queryTower, weights: await readWeights(queryTower.weights) },
    }),
  };
  return await withCard(model, spaceOf(model), path);
}

/**
 * The same, and weights that are codes stay codes: what adapters are trained beside.
 * @throws as `loadModel`; unsupported for a model of two towers
 */
export async function loadBase(path: string): Promise<Model<Tensor>> {
  const { queryTower, ...located } = await locate(path);
  requireOneTower({ ...located, ...(queryTower && { queryTower }) }, "trained");
  const model = { ...located, weights: await readHeld(located) };
  return await withCard<Tensor>(model, spaceOf(model), path);
}

/**
 * The same but for the weights, which stay where they lie: a model as large as memory can be hashed and run.
 * @throws as `loadModel`
 */
export async function locateModel(path: string): Promise<Model<Weight>> {
  const model = await locate(path);
  return await withCard(model, await spaceOfStored(model), path);
}

/**
 * Whether a folder that has no weights yet is of a model that can be read, by its settings and its tokenizer.
 * @throws as `loadModel`
 */
export async function requireReadable(folder: string): Promise<void> {
  const { document, query } = await readChains(folder);
  await requireSettings(folder, document);
  if (query[0].path !== document[0].path) await requireSettings(folder, query);
}

async function locate(path: string): Promise<Model<Weight>> {
  const graph = (await isGraphFile(path)) ? path : undefined;
  const folder = graph === undefined ? path : await folderOfGraph(path);
  await requireFolder(folder);
  const chains = await readChains(folder);
  const { prompts, similarity } = await readGeneral(folder);
  const tower = await readTower(folder, chains.document, graph);
  const asymmetric = JSON.stringify(chains.query) !== JSON.stringify(chains.document);
  const queryTower = asymmetric ? await readTower(folder, chains.query) : undefined;
  const dims = widthOf(tower);
  if (queryTower && widthOf(queryTower) !== dims) {
    const [got, wanted] = [`queries of ${widthOf(queryTower)}`, `documents' ${dims}`];
    const what = "the towers of queries and documents are of two widths";
    throw new NearfoldError("mismatch", what, { at: folder, got, wanted });
  }
  const name = basename(resolve(path));
  const card = newCard(dims, prompts, similarity);
  return { name, ...tower, prompts, card, ...(queryTower && { queryTower }) };
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((cause: unknown) => {
    throw asIoError(cause, folder, "read");
  });
  if (found.isDirectory()) return;
  const [got, wanted] = ["a file", "a model's folder, or its .onnx file"];
  throw new NearfoldError("bad-input", "not a folder", { at: folder, got, wanted });
}

/** The model with the card of its folder, or where it has none, a new one; either with the space of what was read. */
async function withCard<W>(model: Model<W>, space: Space, path: string): Promise<Model<W>> {
  const at = join(path, CARD_FILE);
  // The card beside a graph may be of the folder's weights.
  const json = (await isGraphFile(path)) ? undefined : await readJsonObject(at);
  if (!json) return { ...model, card: { ...model.card, space } };
  const card = parseCard(json, at);
  requireOwnSpace(card, space, at);
  return { ...model, card };
}
