/** The tensors of a checkpoint, checked against what the architecture reads. */
import { NearfoldError } from "../errors.ts";
import { inputName } from "../graph/node.ts";
import { paddedLayout } from "../nn/padded-layout.ts";
import { partName, type WeightFormats } from "../nn/weight-format.ts";
import { isFloat } from "../tensor/dtype.ts";
import { openSafetensors } from "../tensor/safetensors.ts";
import { float32Parts, type StoredTensor } from "../tensor/stored-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Architecture } from "./architecture.ts";
import { encoderGraph } from "./encoder-graph.ts";
import { type Head, poolingHead } from "./head.ts";
import type { Weight } from "./model.ts";

/** Names in a message; the rest is counted. */
const NAMED = 8;

/** Tensors of files, by name. */
export type StoredWeights = ReadonlyMap<string, StoredTensor>;

const noLayers = poolingHead("mean", { normalize: false });

/** What the forward pass reads, by name, in the order of first use. */
export function weightShapes(
  architecture: Architecture,
  config: unknown,
  head: Head = noLayers,
): ReadonlyMap<string, readonly number[]> {
  const layout = paddedLayout(head.pooling);
  const { weights } = encoderGraph(architecture, config, head, layout);
  const rows = architecture.vocabSize(config);
  return new Map(
    [...weights.values()].map((value) => [
      inputName(value),
      value.shape.map((dim) => (typeof dim === "number" ? dim : rows)),
    ]),
  );
}

/**
 * Where each weight lies, under the architecture's own names; those that it keeps without reading them too.
 * @throws mismatch naming tensors that are missing, of another shape, unknown, or tied and not equal; unsupported for those that are no floats
 */
export async function matchCheckpoint(
  files: StoredWeights,
  at: string,
  architecture: Architecture,
  config: unknown,
  formats: WeightFormats = new Map(),
): Promise<Map<string, StoredTensor>> {
  const wanted = new Map(weightShapes(architecture, config));
  const named = byOwnName(files, at, architecture);
  const found = await withoutCopies(named, at, architecture.copies?.(config) ?? {});
  const codes = takeCodes(found, wanted, formats, at);
  requireWeights(found, at, wanted, architecture.kept);
  const floats = [...found].filter(([name, { dtype }]) => wanted.has(name) || isFloat(dtype));
  return new Map([...floats, ...codes]);
}

/** Takes weights that are codes out of both lists. @throws mismatch for a part of another type than the weight's shape asks for */
function takeCodes(
  found: Map<string, StoredTensor>,
  wanted: Map<string, readonly number[]>,
  formats: WeightFormats,
  at: string,
): Map<string, StoredTensor> {
  const codes = new Map<string, StoredTensor>();
  for (const [weight, format] of formats) {
    const [out, width] = wanted.get(weight) ?? [];
    if (out === undefined || width === undefined) {
      const what = "a layer is said to be quantized that this architecture does not have";
      throw new NearfoldError("mismatch", what, { at, got: weight });
    }
    wanted.delete(weight);
    for (const [suffix, { dtype, shape }] of Object.entries(format.parts({ out, in: width }))) {
      const name = partName(weight, suffix);
      const part = found.get(name);
      if (!part || part.dtype !== dtype || `${part.shape}` !== `${shape}`) {
        const got = part ? `${name} ${part.dtype}[${part.shape}]` : `no ${name}`;
        const what = "codes are of another type than config.json says";
        throw new NearfoldError("mismatch", what, { at, got, wanted: `${dtype}[${shape}]` });
      }
      found.delete(name);
      codes.set(name, part);
    }
  }
  return codes;
}

/** @throws mismatch where they are not exactly the `wanted` and such as are `kept`; unsupported for dtypes that are no floats */
export function requireWeights(
  found: StoredWeights,
  at: string,
  wanted: ReadonlyMap<string, readonly number[]>,
  kept?: RegExp,
): void {
  const missing = [...wanted.keys()].filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new NearfoldError("mismatch", "tensors are missing", {
      at,
      got: `${found.size} others`,
      wanted: listed(missing),
    });
  }
  const unknown = [...found.keys()].filter((name) => !wanted.has(name) && !kept?.test(name));
  if (unknown.length > 0) {
    throw new NearfoldError("mismatch", "tensors that this architecture does not have", {
      at,
      got: listed(unknown),
      wanted: `the ${wanted.size} of its config.json alone`,
    });
  }
  const reshaped = [...wanted].filter(
    ([name, shape]) => `${found.get(name)!.shape}` !== `${shape}`,
  );
  if (reshaped.length > 0) {
    throw new NearfoldError("mismatch", "tensors are of another shape than config.json says", {
      at,
      got: listed(reshaped.map(([name]) => `${name} [${found.get(name)!.shape}]`)),
      wanted: listed(reshaped.map(([, shape]) => `[${shape}]`)),
    });
  }
  const others = [...wanted.keys()].filter((name) => !isFloat(found.get(name)!.dtype));
  if (others.length > 0) {
    throw new NearfoldError("unsupported", "weights that are no floats", {
      at,
      got: listed(others.map((name) => `${name} ${found.get(name)!.dtype}`)),
      wanted: "F32, F16 or BF16",
    });
  }
}

/** The first of them. */
function listed(names: readonly string[]): string {
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : "";
  return names.slice(0, NAMED).join("; ") + more;
}

/** The tensors as float32; those in memory are. Those of one file are read one after the other. */
export async function readWeights(
  all: ReadonlyMap<string, Weight>,
): Promise<Map<string, Tensor<"float32">>> {
  const weights = new Map<string, Tensor<"float32">>();
  const stored = new Map<string, StoredTensor>();
  for (const [name, weight] of all) {
    if ("path" in weight) stored.set(name, weight);
    else weights.set(name, weight as Tensor<"float32">);
  }
  for (const path of new Set([...stored.values()].map(({ path }) => path))) {
    await using file = await openSafetensors(path);
    for (const [name, there] of stored) {
      if (there.path === path) weights.set(name, await file.readAsFloat32(there.name));
    }
  }
  return weights;
}

/** The files' names by the architecture's, without those that are left out. */
function byOwnName(
  files: StoredWeights,
  at: string,
  { renames = [], dropped }: Architecture,
): Map<string, StoredTensor> {
  const stored = new Map<string, StoredTensor>();
  for (const [there, tensor] of files) {
    const name = renames.reduce((name, [pattern, by]) => name.replace(pattern, by), there);
    if (dropped?.test(name)) continue;
    const other = stored.get(name);
    if (other !== undefined) {
      const got = `${other.name} and ${there}`;
      throw new NearfoldError("bad-input", "two tensors are the same weight", { at, got });
    }
    stored.set(name, tensor);
  }
  return stored;
}

/** Without copies; where only a copy is there, it stands for the weight. @throws mismatch for copies that differ */
async function withoutCopies(
  stored: StoredWeights,
  at: string,
  copies: Readonly<Record<string, string>>,
): Promise<Map<string, StoredTensor>> {
  const left = new Map(stored);
  for (const [copy, name] of Object.entries(copies)) {
    const [there, own] = [left.get(copy), left.get(name)];
    if (there === undefined) continue;
    left.delete(copy);
    if (own === undefined) left.set(name, there);
    else if (!(await sameNumbers(there, own))) {
      const got = `${there.name} and ${own.name}`;
      throw new NearfoldError("mismatch", "config.json ties two weights that differ", { at, got });
    }
  }
  return left;
}

/** Read a part at a time: both may be the largest weights of a model. */
async function sameNumbers(a: StoredTensor, b: StoredTensor): Promise<boolean> {
  if (`${a.shape}` !== `${b.shape}`) return false;
  const others = float32Parts(b);
  try {
    for await (const part of float32Parts(a)) {
      const { value: other } = await others.next();
      if (!part.every((x, i) => x === other[i])) return false;
    }
    return true;
  } finally {
    await others.return(undefined);
  }
}
