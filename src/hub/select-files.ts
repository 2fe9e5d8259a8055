/** Which of a repository's files a loader reads. */
import { posix } from "node:path";
import { NearfoldError } from "../errors.ts";
import { isConfined, type RemoteFile } from "./remote-file.ts";

/** Settings and the tokenizer. */
const SETTINGS =
  /^((adapter_|router_|tokenizer_)?config|modules|config_sentence_transformers|sentence_[\w-]+_config|tokenizer|special_tokens_map|added_tokens|nearfold)\.json$/;
const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const ADAPTER = "adapter_model.safetensors";
/** Weights whose reading runs code: https://docs.python.org/3/library/pickle.html. */
const PICKLED = /^(pytorch_|adapter_)?(model|consolidated)\b.*\.(bin|pt|pth|ckpt)$/;
/** Weights that another program reads, for the message. */
const FOREIGN = /\.(onnx|gguf|h5|msgpack|tflite|bin|pt|pth|safetensors)$/;

export interface SelectOptions {
  /** Paths asked for besides. */
  readonly also: readonly string[];
  /** The contents of a JSON file, which is fetched for it. */
  readonly readJson: (file: RemoteFile) => Promise<unknown>;
}

/** Whether a file says what a model is: settings and tokenizer, which come before the weights. */
export function isSetting({ path }: RemoteFile): boolean {
  return SETTINGS.test(posix.basename(path));
}

/** A repository's files, by folder and name; the first folder is "". */
type Folders = ReadonlyMap<string, ReadonlyMap<string, RemoteFile>>;

/**
 * Settings and tokenizer, `modules.json` and the folders it names (a Router's too), weights in safetensors, whole or
 * sharded; the smallest first.
 * @throws unsupported where the weights are in another form only; not-found for a path of `also` or a shard that is not
 * listed; bad-input for a module or a shard outside the folder
 */
export async function selectFiles(
  id: string,
  listing: readonly RemoteFile[],
  { also, readJson }: SelectOptions,
): Promise<readonly RemoteFile[]> {
  const folders = byFolder(listing);
  const modules = await moduleFolders(id, folders, readJson);
  const settings = ["", ...modules].flatMap((folder) =>
    [...(folders.get(folder) ?? [])].flatMap(([name, file]) => (SETTINGS.test(name) ? [file] : [])),
  );
  const weights: RemoteFile[] = [];
  for (const folder of modules) weights.push(...(await weightsIn(folder, id, folders, readJson)));
  const asked = also.map((path) => fileAt(path, id, folders));
  if (weights.length === 0 && asked.length === 0) throw noWeights(id, listing);
  return [...new Set([...settings, ...weights, ...asked])].sort((a, b) => a.size - b.size);
}

function byFolder(listing: readonly RemoteFile[]): Folders {
  const folders = new Map<string, Map<string, RemoteFile>>([["", new Map()]]);
  for (const file of listing) {
    const { dir, base } = posix.parse(file.path);
    folders.set(dir, (folders.get(dir) ?? new Map()).set(base, file));
  }
  return folders;
}

/** The folders of `modules.json`; of a repository without it, the first. */
async function moduleFolders(
  id: string,
  folders: Folders,
  readJson: SelectOptions["readJson"],
): Promise<readonly string[]> {
  const list = folders.get("")?.get("modules.json");
  const modules = list ? await readJson(list) : undefined;
  if (!list || !Array.isArray(modules)) return [""];
  const found = new Set<string>();
  for (const { path, type } of modules.map(fieldsOf)) {
    if (typeof path !== "string") continue;
    const folder = folderOf(path, list, id);
    found.add(folder);
    const files = folders.get(folder);
    // Asym, which Router was before version 5 of sentence-transformers, has its routes in config.json.
    const isAsym = typeof type === "string" && type.endsWith(".Asym");
    const routes =
      files?.get("router_config.json") ?? (isAsym ? files?.get("config.json") : undefined);
    if (!routes) continue;
    const names = Object.keys(fieldsOf(fieldsOf(await readJson(routes)).types));
    for (const name of names) found.add(folderOf(posix.join(folder, name), routes, id));
  }
  return [...found];
}

/** @throws bad-input for a way out of the model's folder */
function folderOf(path: string, { path: within }: RemoteFile, id: string): string {
  const folder = path.replace(/^\.\/|\/$/g, "").replace(/^\.$/, "");
  if (folder === "" || isConfined(folder)) return folder;
  const at = `${id}/${within}`;
  const got = JSON.stringify(path.slice(0, 200));
  throw new NearfoldError("bad-input", "a module lies outside the folder", { at, got });
}

async function weightsIn(
  folder: string,
  id: string,
  folders: Folders,
  readJson: SelectOptions["readJson"],
): Promise<readonly RemoteFile[]> {
  const files = folders.get(folder) ?? new Map<string, RemoteFile>();
  const [whole, index, adapter] = [WEIGHTS, INDEX, ADAPTER].map((name) => files.get(name));
  if (whole || adapter) return [whole, adapter].filter((file) => file !== undefined);
  if (index) {
    const shards = new Set(Object.values(fieldsOf(fieldsOf(await readJson(index)).weight_map)));
    const paths = [...shards].map((name) => posix.join(folder, String(name)));
    return [index, ...paths.map((path) => fileAt(path, id, folders))];
  }
  const pickled = [...files.keys()].find((name) => PICKLED.test(name));
  if (pickled === undefined) return [];
  throw new NearfoldError("unsupported", "weights as a pickle, whose reading runs code", {
    at: `${id}/${posix.join(folder, pickled)}`,
    wanted: WEIGHTS,
    hint: "https://huggingface.co/spaces/safetensors/convert proposes the same in safetensors; the proposal is a revision, as refs/pr/1",
  });
}

function fileAt(path: string, id: string, folders: Folders): RemoteFile {
  const { dir, base } = posix.parse(path);
  const file = folders.get(dir)?.get(base);
  if (file) return file;
  const at = `${id}/${path.slice(0, 200)}`;
  throw new NearfoldError("not-found", "the model has no such file", { at });
}

function noWeights(id: string, listing: readonly RemoteFile[]): NearfoldError {
  const others = listing.map(({ path }) => path).filter((path) => FOREIGN.test(path));
  return new NearfoldError("unsupported", "the model has no weights in safetensors", {
    at: id,
    got: others.slice(0, 3).join(", ") || "no weights",
    wanted: `${WEIGHTS}, or ${INDEX} and its shards`,
  });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
