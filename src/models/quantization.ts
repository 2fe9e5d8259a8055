/** Weights of a folder that are codes with scales: `quantization_config` of config.json, as compressed-tensors writes it (quantization/quant_config.py). */
import { NearfoldError } from "../errors.ts";
import { layerOf } from "../nn/linear-site.ts";
import type { WeightFormat, WeightFormats } from "../nn/weight-format.ts";
import { type WeightFormatName, weightFormats } from "../nn/weight-formats.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { isJsonObject, type JsonObject, show } from "./json-file.ts";

/** The field of config.json. */
export const QUANTIZATION = "quantization_config";

/** How compressed-tensors says what each format is; of two that lie alike in a file, the first is read. */
const schemes = {
  int8: channelScheme(),
  int7: channelScheme(),
  "int8-static": { ...channelScheme(), input_activations: calibrated() },
  "int8-rows": { ...channelScheme(), format: "naive-quantized", input_activations: null },
  "int8-block32": groupScheme(8, 32),
  "int8-block128": groupScheme(8, 128),
  "int4-block32": groupScheme(4, 32),
  "int4-block128": groupScheme(4, 128),
} as const satisfies Record<CodeName, JsonObject>;

type CodeName = Exclude<WeightFormatName, "float16">;

function channelScheme() {
  return {
    format: "int-quantized",
    weights: weightsOf(8, { strategy: "channel" }),
    input_activations: { ...weightsOf(8, { strategy: "token" }), dynamic: true },
  };
}

function calibrated() {
  return { ...weightsOf(8, { strategy: "tensor" }), symmetric: false, dynamic: false };
}

function groupScheme(bits: number, group_size: number) {
  return {
    format: "pack-quantized",
    weights: weightsOf(bits, { strategy: "group", group_size }),
    input_activations: null,
  };
}

function weightsOf(num_bits: number, strategy: object) {
  return { num_bits, type: "int", symmetric: true, ...strategy };
}

/**
 * The format of each weight that the files hold as codes; empty for a model of floats.
 * @throws unsupported for another method, or a scheme that no format is; bad-input for a malformed one
 */
export function readFormats(
  config: JsonObject,
  files: ReadonlyMap<string, StoredTensor>,
  at: string,
): WeightFormats {
  const quantization = config[QUANTIZATION];
  if (quantization === undefined || quantization === null) return new Map();
  const groups = groupsOf(quantization, at);
  const formats = new Map<string, WeightFormat>();
  for (const { format, targets } of groups) {
    for (const target of targets) {
      const weight = `${target}.weight`;
      const [codes] = Object.keys(format.parts({ out: 1, in: 128 }));
      if (!files.has(`${weight}${codes}`) || !files.has(`${weight}_scale`)) {
        const [got, wanted] = [show(target), `${weight}${codes} and ${weight}_scale`];
        const what = "a layer is said to be quantized, and its codes are not there";
        throw new NearfoldError("mismatch", what, { at, got, wanted });
      }
      formats.set(weight, format);
    }
  }
  return formats;
}

/** The field for config.json. */
export function writeFormats(formats: WeightFormats): JsonObject {
  const names = [...new Set([...formats.values()].map(({ name }) => name as CodeName))];
  const groups = names.map((name, i) => {
    const targets = [...formats].filter(([, format]) => format.name === name);
    const scheme = { targets: targets.map(([weight]) => layerOf(weight)), ...schemes[name] };
    return [`group_${i}`, scheme] as const;
  });
  const all = new Set(names.map((name) => schemes[name].format));
  return {
    quant_method: "compressed-tensors",
    format: all.size === 1 ? [...all][0] : "mixed-precision",
    quantization_status: "compressed",
    config_groups: Object.fromEntries(groups),
    ignore: [],
  };
}

function groupsOf(quantization: unknown, at: string) {
  const where = `${at}, ${QUANTIZATION}`;
  const { quant_method: method, config_groups: groups } = isJsonObject(quantization)
    ? quantization
    : {};
  if (method !== "compressed-tensors") {
    throw new NearfoldError("unsupported", "weights quantized by another method", {
      at: where,
      got: show(method),
      wanted: "compressed-tensors",
      hint: "Take the model's float weights, and quantize them with nearfold quantize",
    });
  }
  if (!isJsonObject(groups)) {
    const [got, wanted] = [show(groups), "groups of layers by name"];
    throw new NearfoldError("bad-input", "config_groups is not usable", { at: where, got, wanted });
  }
  return Object.entries(groups).map(([name, group]) => groupOf(group, `${where}, ${name}`));
}

function groupOf(group: unknown, at: string) {
  const { targets, ...scheme } = isJsonObject(group) ? group : {};
  const named = Array.isArray(targets) && targets.every((target) => typeof target === "string");
  if (!named || targets.some((target: string) => target.startsWith("re:"))) {
    const wanted = "names of layers";
    throw new NearfoldError("unsupported", "targets are not usable", {
      at,
      got: show(targets),
      wanted,
    });
  }
  const name = Object.keys(schemes).find((name) => fits(schemes[name as CodeName], scheme));
  if (name !== undefined) {
    return { format: weightFormats[name as CodeName], targets: targets as string[] };
  }
  throw new NearfoldError("unsupported", "a scheme of quantization that is not built", {
    at,
    got: show(scheme),
    wanted: `symmetric integers: ${Object.keys(schemes).join(", ")}`,
  });
}

/** Every setting of ours is theirs, and nothing that changes the numbers is asked for besides. */
function fits(ours: JsonObject, theirs: JsonObject): boolean {
  const same = (a: unknown, b: unknown): boolean =>
    isJsonObject(a) && isJsonObject(b)
      ? Object.entries(a).every(([key, value]) => same(value, b[key]))
      : a === b || (a === null && b === undefined);
  const { weights } = theirs;
  const ordered = isJsonObject(weights) && weights.actorder != null && weights.actorder !== false;
  const outputs = theirs.output_activations != null;
  const { format: _, ...settings } = ours;
  return same(settings, theirs) && !ordered && !outputs;
}
