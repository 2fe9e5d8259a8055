/** Adapters on disk as PEFT keeps them: `adapter_config.json` and `adapter_model.safetensors` (huggingface/peft, tuners/lora/config.py). */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { exists, writeDurably } from "../durable.ts";
import { NearfoldError } from "../errors.ts";
import type { LinearSite } from "../nn/linear-site.ts";
import { addLora, type LoraConfig, loraNames } from "../nn/lora.ts";
import { paddedLayout } from "../nn/padded-layout.ts";
import { openSafetensors, type Safetensors, writeSafetensors } from "../tensor/safetensors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Adapter, digestsOf, mergeAdapter } from "./adapter.ts";
import { configReader } from "./config.ts";
import { encoderGraph } from "./encoder-graph.ts";
import { isJsonObject, type JsonObject, readJsonObject, show, toJson } from "./json-file.ts";
import type { Model } from "./model.ts";

export const ADAPTER_CONFIG = "adapter_config.json";
const ADAPTER_WEIGHTS = "adapter_model.safetensors";
/** What PEFT puts before the base's own names. */
const PREFIX = "base_model.model.";
/** Where the safetensors' metadata has `Adapter.base`, as JSON. PEFT reads over it. */
const BASE = "nearfold.base";

export interface PeftConfig {
  readonly lora: LoraConfig;
  /** `base_model_name_or_path`. */
  readonly base?: string;
}

/**
 * Fields that change the numbers, and their one value that is understood; an absent field has it.
 * `use_rslora` is understood either way.
 */
const required: Readonly<Record<string, readonly unknown[]>> = {
  bias: ["none"],
  use_dora: [false],
  use_qalora: [false],
  use_bdlora: [false],
  kasa_config: [null],
  monteclora_config: [null],
  velora_config: [null],
  arrow_config: [null],
  alora_invocation_tokens: [null],
  fan_in_fan_out: [false],
  lora_bias: [false],
  modules_to_save: [null],
  layers_to_transform: [null],
  layer_replication: [null],
  trainable_token_indices: [null],
  target_parameters: [null],
  rank_pattern: [null, "{}"],
  alpha_pattern: [null, "{}"],
};

/** @throws bad-input naming the field; unsupported for a kind of adapter that is not plain LoRA */
export function parsePeftConfig(json: JsonObject, at: string): PeftConfig {
  const read = configReader(json, at);
  const refuse = (field: string, wanted: string) => {
    const got = `"${field}": ${show(json[field])}`;
    throw new NearfoldError("unsupported", "an adapter of another kind", { at, got, wanted });
  };
  if (json.peft_type !== "LORA") refuse("peft_type", "LORA");
  for (const [field, allowed] of Object.entries(required)) {
    const value = json[field] ?? null;
    const plain = isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : value;
    const empty = plain === null || plain === "[]";
    if (!empty && !allowed.includes(plain)) refuse(field, `${allowed.at(-1)}`);
  }
  const rank = read.count("r");
  const alpha = read.number("lora_alpha", 8) * (json.use_rslora === true ? Math.sqrt(rank) : 1);
  const base = json.base_model_name_or_path;
  return {
    lora: { rank, alpha, targets: parseTargets(json.target_modules, at) },
    ...(typeof base === "string" && base !== "" && { base }),
  };
}

function parseTargets(value: unknown, at: string): LoraConfig["targets"] {
  const isText = (entry: unknown) => typeof entry === "string";
  if (typeof value === "string" || (Array.isArray(value) && value.every(isText))) return value;
  throw new NearfoldError("bad-input", 'field "target_modules" is not usable', {
    at,
    got: show(value),
    wanted: "names of layers, or a regular expression",
  });
}

/** Writes both files into a folder, which is made. @throws io */
export async function saveAdapter(
  folder: string,
  { config, sites, weights, base: digests }: Adapter,
  { base }: { readonly base: string },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const named = new Map([...weights].map(([name, value]) => [PREFIX + name, value] as const));
  const metadata = { format: "pt", [BASE]: JSON.stringify(Object.fromEntries(digests)) };
  await writeSafetensors(join(folder, ADAPTER_WEIGHTS), named, { metadata });
  const json = {
    peft_type: "LORA",
    task_type: "FEATURE_EXTRACTION",
    base_model_name_or_path: base,
    r: config.rank,
    lora_alpha: config.alpha,
    // PEFT's own "all-linear" counts layers that embedding does not run, such as BERT's pooler.
    target_modules:
      config.targets === "all-linear"
        ? sites.map(({ weight }) => weight.replace(/\.weight$/, ""))
        : config.targets,
    lora_dropout: 0,
    bias: "none",
    inference_mode: true,
  };
  await writeDurably(join(folder, ADAPTER_CONFIG), toJson(json));
}

/**
 * The model with an adapter's folder merged into its weights.
 * @throws not-found, bad-input, unsupported; mismatch for the adapter of another base, naming layers or shapes
 */
export async function withAdapter(model: Model, folder: string): Promise<Model> {
  const at = join(folder, ADAPTER_CONFIG);
  const json = await readJsonObject(at);
  if (!json) throw new NearfoldError("not-found", "no adapter is there", { at });
  const config = parsePeftConfig(json, at);
  const path = join(folder, ADAPTER_WEIGHTS);
  await requireSafetensors(folder, path);
  await using file = await openSafetensors(path);
  const adapter = await readAdapter(file, path, model, config);
  requireBase(adapter, file.metadata, path, config);
  return { ...model, weights: mergeAdapter(model.weights, adapter), adapter };
}

async function requireSafetensors(folder: string, path: string): Promise<void> {
  if ((await exists(path)) || !(await exists(join(folder, "adapter_model.bin")))) return;
  throw new NearfoldError("unsupported", "weights in another form", {
    at: folder,
    got: "adapter_model.bin, a pickle",
    wanted: ADAPTER_WEIGHTS,
    hint: "A pickle can run code when it is read. Save the adapter again with safe_serialization=True",
  });
}

/** Where it is recorded which weights it was trained beside: these must be those. */
function requireBase(
  { base }: Adapter,
  { [BASE]: recorded }: Readonly<Record<string, string>>,
  at: string,
  config: PeftConfig,
): void {
  if (recorded === undefined) return;
  const wanted = parseJson(recorded);
  if (!isJsonObject(wanted)) {
    const got = show(recorded);
    throw new NearfoldError("bad-input", `the metadata's ${BASE} is malformed`, { at, got });
  }
  for (const [weight, digest] of base) {
    if (wanted[weight] === digest) continue;
    throw foreign(at, config, `another ${weight}`, "the weights that it was trained beside");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readAdapter(
  file: Safetensors,
  at: string,
  model: Model,
  config: PeftConfig,
): Promise<Adapter> {
  const { lora } = config;
  const { renames = [], kept } = model.architecture;
  const named = file.names.map((there) => {
    const bare = there.startsWith(PREFIX) ? there.slice(PREFIX.length) : there;
    return [renames.reduce((name, [from, to]) => name.replace(from, to), bare), there] as const;
  });
  // PEFT's all-linear takes in layers that embedding does not run, such as BERT's pooler.
  const isKept = (name: string) =>
    kept?.test(name) && model.weights.has(name.replace(/lora_[AB]\.weight$/, "weight"));
  const stored = new Map(named.filter(([name]) => !isKept(name)));
  const known = new Map(sitesOf(model, lora).map((site) => [loraNames(site.weight)[0], site]));
  const sites: LinearSite[] = [];
  const weights = new Map<string, Tensor<"float32">>();
  for (const name of [...stored.keys()].filter((name) => name.endsWith(".lora_A.weight"))) {
    const site = known.get(name);
    if (!site) throw foreign(at, config, stored.get(name)!, "layers of the model");
    const [nameA, nameB] = loraNames(site.weight);
    const shapes = [
      [nameA, [lora.rank, site.in]],
      [nameB, [site.out, lora.rank]],
    ] as const;
    for (const [part, shape] of shapes) {
      const there = stored.get(part);
      const found = there === undefined ? undefined : file.info(there).shape;
      if (there === undefined || `${found}` !== `${shape}`) {
        throw foreign(at, config, `${part} ${found ? `[${found}]` : "missing"}`, `[${shape}]`);
      }
      weights.set(part, await file.readAsFloat32(there));
    }
    sites.push(site);
  }
  const unread = [...stored.keys()].find((name) => !weights.has(name));
  if (unread !== undefined) {
    throw foreign(at, config, stored.get(unread)!, "lora_A and lora_B of layers");
  }
  if (sites.length === 0) throw foreign(at, config, "no adapter", "at least one");
  return { config: lora, sites, weights, base: digestsOf(model.weights, sites) };
}

function sitesOf({ architecture, config, head }: Model, lora: LoraConfig): readonly LinearSite[] {
  const layout = paddedLayout(head.pooling);
  const { embeddings } = encoderGraph(architecture, config, head, layout);
  return addLora([embeddings], { ...lora, targets: "all-linear" }).sites;
}

function foreign(at: string, { base }: PeftConfig, got: string, wanted: string): NearfoldError {
  const which = base === undefined ? "" : `, ${show(base)}`;
  return new NearfoldError("mismatch", "this adapter was made for another base", {
    at,
    got,
    wanted,
    hint: `Give the model that adapter_config.json names as base_model_name_or_path${which}`,
  });
}
