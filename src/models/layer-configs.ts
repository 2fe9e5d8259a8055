/** The `config.json` of sentence-transformers' modules after the transformer, read in the spelling of every release and written for all of them. */
import { NearfoldError } from "../errors.ts";
import { type Pooling, type PoolingMode, poolingModes } from "../nn/pooling.ts";
import { configReader } from "./config.ts";
import {
  type DenseLayer,
  type HeadActivation,
  type HeadLayer,
  headActivations,
  type LayerNormLayer,
} from "./head.ts";
import { type JsonObject, show } from "./json-file.ts";

/** The older spelling of the pooling modes, in the order in which those releases put them end to end. */
const legacyModes: Readonly<Record<PoolingMode, string>> = {
  cls: "pooling_mode_cls_token",
  max: "pooling_mode_max_tokens",
  mean: "pooling_mode_mean_tokens",
  mean_sqrt_len_tokens: "pooling_mode_mean_sqrt_len_tokens",
  weightedmean: "pooling_mode_weightedmean_tokens",
  lasttoken: "pooling_mode_lasttoken",
};
const legacyOrder = Object.keys(legacyModes) as readonly PoolingMode[];
/** Releases before 2.3 know only these keys. */
const firstModes: readonly PoolingMode[] = ["cls", "max", "mean", "mean_sqrt_len_tokens"];

/** Of token vectors of a width. @throws unsupported, mismatch */
export function parsePooling(json: JsonObject, width: number, at: string): Pooling {
  const legacy = legacyOrder.filter((mode) => json[legacyModes[mode]] === true);
  const stated = json.pooling_mode ?? (legacy.length === 0 ? "mean" : legacy);
  const modes: readonly unknown[] = Array.isArray(stated) ? stated : [stated];
  const pooling = modes.flatMap((mode) => poolingModes.find((known) => known === mode) ?? []);
  if (modes.length === 0 || pooling.length < modes.length || modes.length > poolingModes.length) {
    throw new NearfoldError("unsupported", "this pooling cannot be read", {
      at,
      got: show(stated),
      wanted: `one or some of ${poolingModes.join(", ")}`,
    });
  }
  const written = json.embedding_dimension ?? json.word_embedding_dimension;
  if (typeof written === "number") requireWidth("pooling", written, width, at);
  return { pooling, includePrompt: json.include_prompt !== false };
}

/** Modes in an order that the older spelling cannot say are written in the newer one, which those releases refuse. */
export function poolingJson({ pooling, includePrompt }: Pooling, width: number): JsonObject {
  const ordered = legacyOrder.filter((mode) => pooling.includes(mode));
  const prompt = includePrompt ? {} : { include_prompt: false };
  if (`${ordered}` !== `${pooling}`) {
    return { embedding_dimension: width, pooling_mode: pooling, include_prompt: includePrompt };
  }
  return {
    word_embedding_dimension: width,
    ...Object.fromEntries(
      poolingModes
        .filter((mode) => firstModes.includes(mode) || pooling.includes(mode))
        .map((mode) => [legacyModes[mode], pooling.includes(mode)]),
    ),
    ...prompt,
  };
}

/** PyTorch's places of the activations' classes. */
const activationModules = {
  Identity: "linear",
  Tanh: "activation",
  ReLU: "activation",
  GELU: "activation",
  SiLU: "activation",
  Sigmoid: "activation",
} as const satisfies Record<HeadActivation, string>;

/** Releases of old write no more than the widths, the bias and the activation. @throws bad-input, unsupported, mismatch */
export function parseDense(json: JsonObject, width: number, at: string): DenseLayer {
  const read = configReader(json, at);
  for (const key of ["module_input_name", "module_output_name"]) {
    if ((json[key] ?? "sentence_embedding") === "sentence_embedding") continue;
    throw new NearfoldError("unsupported", "a dense layer of something else than the vector", {
      at,
      got: `${key}: ${show(json[key])}`,
      wanted: "sentence_embedding",
    });
  }
  requireWidth("dense layer", read.count("in_features"), width, at);
  return {
    type: "dense",
    in: width,
    out: read.count("out_features"),
    bias: read.boolean("bias", true),
    activation: parseActivation(json.activation_function ?? "torch.nn.Tanh", at),
    residual: read.boolean("use_residual", false),
  };
}

function denseJson({ in: width, out, bias, activation, residual }: DenseLayer): JsonObject {
  return {
    in_features: width,
    out_features: out,
    bias,
    activation_function: `torch.nn.modules.${activationModules[activation]}.${activation}`,
    ...(residual && { use_residual: true }),
  };
}

/** `torch.nn.modules.activation.Tanh` and the like: a class that is made without arguments. */
function parseActivation(value: unknown, at: string): HeadActivation {
  const path = typeof value === "string" ? value : "";
  const name = /^torch\.nn\.(?:\w+\.)*(\w+)$/.exec(path)?.[1] ?? "";
  if (Object.hasOwn(headActivations, name)) return name as HeadActivation;
  throw new NearfoldError("unsupported", "an activation that is none of ours", {
    at,
    got: show(value),
    wanted: `torch.nn's ${Object.keys(headActivations).join(", ")}`,
  });
}

/** @throws bad-input, mismatch */
export function parseLayerNorm(json: JsonObject, width: number, at: string): LayerNormLayer {
  requireWidth("norm", configReader(json, at).count("dimension"), width, at);
  return { type: "layer-norm", width };
}

/** The settings of a layer; it has none where undefined. */
export function layerJson(layer: HeadLayer): JsonObject | undefined {
  if (layer.type === "dense") return denseJson(layer);
  return layer.type === "layer-norm" ? { dimension: layer.width } : undefined;
}

function requireWidth(what: string, got: number, wanted: number, at: string): void {
  if (got === wanted) return;
  throw new NearfoldError("mismatch", `the ${what} is written for another width`, {
    at,
    got: `${got}`,
    wanted: `${wanted}`,
  });
}
