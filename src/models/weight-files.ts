/** The files that hold a folder's weights: `model.safetensors`, or the shards that its index names. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import { openSafetensors } from "../tensor/safetensors.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { isJsonObject, readJsonObject, show } from "./json-file.ts";
import { ADAPTER_CONFIG } from "./peft.ts";

export const WEIGHTS_FILE = "model.safetensors";
const INDEX_FILE = "model.safetensors.index.json";

/** Files of weights that are not read. Pickles among them run whatever code they hold. */
const foreign = /\.(bin|pt|pth|ckpt|pkl|h5|msgpack|gguf)(\.index(\.json)?)?$/;

/** The largest published models have some hundreds. */
const MOST_SHARDS = 4096;

/** Whether a folder has weights in a form that is read. */
export async function hasWeights(home: string): Promise<boolean> {
  return (await exists(join(home, WEIGHTS_FILE))) || (await exists(join(home, INDEX_FILE)));
}

/**
 * Every tensor of a folder, by its name in the files; only headers are read.
 * @throws not-found where there are no weights; unsupported for pickles and other formats; mismatch where index and shards contradict each
 * other; bad-input, too-large, io
 */
export async function listWeights(home: string): Promise<ReadonlyMap<string, StoredTensor>> {
  const single = join(home, WEIGHTS_FILE);
  if (await exists(single)) return listFile(single);
  const index = join(home, INDEX_FILE);
  if (await exists(index)) return listShards(home, index);
  await refuseForeign(home);
  // Says that it is not there.
  return listFile(single);
}

/** The same of one file. */
export async function listFile(path: string): Promise<Map<string, StoredTensor>> {
  await using file = await openSafetensors(path);
  return new Map(file.names.map((name) => [name, file.info(name)]));
}

/** As transformers writes it: `weight_map` from each tensor to the file that has it. */
async function listShards(home: string, at: string): Promise<Map<string, StoredTensor>> {
  const wanted = parseIndex((await readJsonObject(at)) ?? {}, at);
  const all = new Map<string, StoredTensor>();
  for (const shard of new Set(wanted.values())) {
    const path = join(home, shard);
    if (!(await exists(path))) {
      const what = "the index names a shard that is not there";
      throw new NearfoldError("not-found", what, { at, got: show(shard), wanted: path });
    }
    for (const [name, stored] of await listFile(path)) {
      const refuse = (code: "bad-input" | "mismatch", what: string, wanted?: string) => {
        const got = `${show(name)} in ${shard}`;
        return new NearfoldError(code, what, { at, got, ...(wanted && { wanted }) });
      };
      if (all.has(name)) throw refuse("bad-input", "a tensor is in two shards");
      const named = wanted.get(name);
      if (named === undefined) throw refuse("mismatch", "a tensor is not in the index");
      if (named !== shard) throw refuse("mismatch", "a tensor is in another shard", named);
      all.set(name, stored);
    }
  }
  const missing = [...wanted].find(([name]) => !all.has(name));
  if (!missing) return all;
  const [name, shard] = missing;
  throw new NearfoldError("mismatch", "a tensor is in no shard", {
    at,
    got: show(name),
    wanted: `in ${shard}`,
  });
}

function parseIndex({ weight_map: map }: Readonly<Record<string, unknown>>, at: string) {
  const entries = isJsonObject(map) ? Object.entries(map) : [];
  if (entries.length === 0) {
    const wanted = "weight_map, from tensors to files";
    throw new NearfoldError("bad-input", "the index names no tensors", {
      at,
      got: show(map),
      wanted,
    });
  }
  for (const [name, shard] of entries) {
    if (typeof shard === "string" && /^[^/\\:\0]+\.safetensors$/.test(shard)) continue;
    if (typeof shard === "string" && foreign.test(shard)) throw refusalOf(shard, at);
    throw new NearfoldError("bad-input", "the index names no file of this folder", {
      at: `${at}, ${show(name)}`,
      got: show(shard),
      wanted: "the name of a .safetensors file beside it",
    });
  }
  const shards = new Set(entries.map(([, shard]) => shard)).size;
  if (shards <= MOST_SHARDS) return new Map(entries as [string, string][]);
  const [got, wanted] = [`${shards}`, `at most ${MOST_SHARDS}`];
  throw new NearfoldError("too-large", "too many shards", { at, got, wanted });
}

async function refuseForeign(home: string): Promise<void> {
  const names = await readdir(home).catch((): string[] => []);
  if (names.includes(ADAPTER_CONFIG)) {
    throw new NearfoldError("unsupported", "an adapter is no model by itself", {
      at: home,
      got: ADAPTER_CONFIG,
      wanted: WEIGHTS_FILE,
      hint: "Give it beside the model that it names as its base: withAdapter, or train --base MODEL --adapter FOLDER",
    });
  }
  const found = names.filter((name) => foreign.test(name)).sort();
  // A folder of checkpoints has more than weights in pickles: an optimizer's state, say.
  const name = found.find((name) => /model|weights|consolidated/.test(name)) ?? found[0];
  if (name !== undefined) throw refusalOf(name, home);
}

function refusalOf(name: string, at: string): NearfoldError {
  return new NearfoldError("unsupported", "weights in another form than safetensors", {
    at,
    got: name,
    wanted: `${WEIGHTS_FILE}, or its shards with ${INDEX_FILE}`,
    hint: "Take a revision of the model that has safetensors, or convert it: load it with transformers and save_pretrained. Pickles are never read: they can run code",
  });
}
