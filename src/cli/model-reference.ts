/** A model as a command is told of it: a folder, or an id on the Hub. */
import { homedir } from "node:os";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { Option } from "commander";
import { exists } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import {
  type FetchProgress,
  fetchModel,
  type HubOptions,
  hubOrigin,
  resolveModel,
} from "../hub/index.ts";
import { requireReadable } from "../models/load.ts";
import type { VectorStore } from "../stores/index.ts";
import type { Context } from "./command.ts";
import { trackTask } from "./progress.ts";
import { isFolder } from "./store-reference.ts";

export interface ModelOptions {
  readonly revision?: string;
  readonly offline?: boolean;
}

export type ModelContext = Pick<Context, "report" | "signal" | "now">;

/** How the help calls the argument. */
export const modelArgument =
  "a model: its folder, its .onnx file, or its id on the Hub, as org/name";

/** Where a model is named. */
export const modelOptions: readonly Option[] = [
  new Option("--revision <name>", "branch, tag or commit of a model on the Hub (default: main)"),
  new Option("--offline", "ask the Hub for nothing: take its models from the cache"),
];

/**
 * The folder of a model; one of the Hub is fetched into the cache.
 * @throws as `resolveModel`; bad-argument for the revision of a folder
 */
export async function modelFolder(
  reference: string,
  options: ModelOptions,
  context: ModelContext,
): Promise<string> {
  if (!(await exists(reference))) return await find(resolveModel, reference, options, context);
  if (options.revision === undefined) return reference;
  const [at, got, wanted] = ["--revision", reference, "a model of the Hub"];
  throw new NearfoldError("bad-argument", "a folder has no revisions", { at, got, wanted });
}

/** Asks the Hub as the options and the environment bid, and says which commit it was. */
async function find(
  ask: typeof resolveModel | typeof fetchModel,
  reference: string,
  { revision, offline = false }: ModelOptions,
  context: ModelContext,
): Promise<string> {
  const { report, signal } = context;
  const settings = hubSettings(process.env);
  const folder = await ask(reference, {
    ...settings,
    ...(revision !== undefined && { revision }),
    offline: offline || settings.offline,
    signal,
    onProgress: showProgress(reference, context),
    onSettings: requireReadable,
    onWait: (lock) => {
      const text = `${reference} is being fetched: waiting for that. If nobody does, remove ${lock}`;
      report({ type: "note", text, data: { lock } });
    },
  });
  const origin = await hubOrigin(folder);
  const text = `${reference} at commit ${origin?.commit.slice(0, 12)}`;
  if (origin) report({ type: "note", text, data: { type: "model", ...origin, folder } });
  return folder;
}

/** What a card calls a model: the Hub's id, and a folder's last name. */
export async function modelName(folder: string): Promise<string> {
  return (await hubOrigin(folder))?.id ?? basename(resolve(folder));
}

/** How an index notes its model: the commit of one on the Hub, and of a folder the way to it from the index. */
export async function noteModel(folder: string, index: string): Promise<Record<string, string>> {
  const origin = await hubOrigin(folder);
  if (!origin) return { model: isFolder(index) ? relative(index, folder) : resolve(folder) };
  return { model: origin.id, revision: origin.commit };
}

/**
 * The folder of the model that an index notes.
 * @throws not-found where it notes none; bad-argument for another revision; as `modelFolder`
 */
export async function notedModel(
  { name, notes: { model, revision } }: Pick<VectorStore, "name" | "notes">,
  options: ModelOptions,
  context: ModelContext,
): Promise<string> {
  if (typeof model !== "string") {
    throw new NearfoldError("not-found", "the index does not say where its model is", {
      at: name,
      hint: "Name it with --model",
    });
  }
  if (options.revision !== undefined) {
    const [at, wanted] = ["--revision", "--model beside it"];
    throw new NearfoldError("bad-argument", "the index says which model", { at, wanted });
  }
  // Not a folder that happens to have the id's name here.
  if (typeof revision === "string")
    return find(fetchModel, model, { ...options, revision }, context);
  // In full: what is left of a relative path could have the form of a Hub id.
  return resolve(name, model);
}

/**
 * What the environment says: `HF_TOKEN`, `HF_ENDPOINT` and `HF_HUB_OFFLINE` as huggingface_hub reads them, `NEARFOLD_CACHE`, or
 * else the cache of the XDG base directories (https://specifications.freedesktop.org/basedir-spec/latest/).
 */
export function hubSettings(
  env: Readonly<Record<string, string | undefined>>,
): Pick<HubOptions, "cache" | "token" | "endpoint"> & { readonly offline: boolean } {
  const said = (name: string) => env[name]?.trim() || undefined;
  const [token, endpoint, xdg] = ["HF_TOKEN", "HF_ENDPOINT", "XDG_CACHE_HOME"].map(said);
  const caches = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), ".cache");
  return {
    cache: said("NEARFOLD_CACHE") ?? join(caches, "nearfold"),
    offline: /^(1|on|yes|true)$/i.test(said("HF_HUB_OFFLINE") ?? ""),
    ...(token !== undefined && { token }),
    ...(endpoint !== undefined && { endpoint }),
  };
}

/** Counts what is fetched now: what an earlier call left took no time. */
function showProgress(reference: string, { report, now }: ModelContext) {
  let track: { readonly from: number; readonly advance: ReturnType<typeof trackTask> } | undefined;
  return ({ file, bytes, totalBytes }: FetchProgress) => {
    track ??= {
      from: bytes,
      advance: trackTask(
        report,
        { task: `fetching ${reference}`, unit: "MB", total: megabytes(totalBytes - bytes) },
        now,
      ),
    };
    const left = megabytes(totalBytes - bytes);
    const total = megabytes(totalBytes - track.from);
    track.advance(Math.max(0, Number((total - left).toFixed(1))), file);
  };
}

/** To a tenth, and upwards: what is left is 0 at the end only. */
function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e5) / 10;
}
