/** The space of a model's vectors: a fingerprint of all that they depend on. */
import { createHash, type Hash } from "node:crypto";
import { partName } from "../nn/weight-format.ts";
import type { Space } from "../space.ts";
import { type DType, dtypes, isFloat } from "../tensor/dtype.ts";
import { toFloat32 } from "../tensor/half.ts";
import { bytesOf, float32Parts, type StoredTensor, storedParts } from "../tensor/stored-tensor.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { weightShapes } from "./checkpoint.ts";
import { widthOf } from "./head.ts";
import type { Model, Tower, Weight } from "./model.ts";
import { tokenizerFingerprint } from "./tokenizer-files.ts";

/**
 * The same for the same weights, config, tokenizer, head, prompts and limit, whatever the folder is called. Only weights that the forward
 * pass reads count, as float32 or as codes, sorted by name; so a checkpoint in float16 and its copy in float32 are one space.
 */
export function spaceOf(model: Model<Tensor>): Space {
  const hash = createHash("sha256");
  for (const part of partsOf<Tensor>(model)) {
    if (typeof part === "string") addText(hash, part);
    else {
      addLength(hash, part);
      hash.update(bytesOf(isFloat(part.dtype) ? toFloat32(part).data : part.data));
    }
  }
  return spaceFrom(hash, model);
}

/** The same of weights on disk, which are read part by part. @throws io, bad-input */
export async function spaceOfStored(model: Model<Weight>): Promise<Space> {
  const hash = createHash("sha256");
  for (const part of partsOf<Weight>(model)) {
    if (typeof part === "string") addText(hash, part);
    else {
      addLength(hash, part);
      if ("data" in part)
        hash.update(bytesOf(isFloat(part.dtype) ? toFloat32(part).data : part.data));
      else for await (const run of hashedParts(part)) hash.update(bytesOf(run));
    }
  }
  return spaceFrom(hash, model);
}

/** What is hashed, in this order: texts, and weights. */
function* partsOf<W extends Typed>(model: Model<W>): Generator<string | W> {
  yield* partsOfTower<W>(model, { prompts: sorted(model.prompts) });
  if (model.queryTower) yield* partsOfTower<W>(model.queryTower, { tower: "query" });
}

function* partsOfTower<W extends Typed>(
  { architecture, config, tokenizer, head, maxTokens, weights, formats }: Tower<W>,
  more: object,
): Generator<string | W> {
  yield JSON.stringify({
    config: sorted(config as object),
    module: architecture.module,
    tokenizer: tokenizerFingerprint(tokenizer),
    head: { ...sorted(head), layers: head.layers.map(sorted) },
    maxTokens: Number.isFinite(maxTokens) ? maxTokens : null,
    ...more,
  });
  for (const [name, shape] of [...weightShapes(architecture, config, head)].sort(byName)) {
    const format = formats?.get(name);
    const suffixes = format ? Object.keys(format.parts({ out: shape[0], in: shape[1] })) : [""];
    for (const suffix of suffixes) {
      const part = format ? partName(name, suffix) : name;
      const weight = weights.get(part)!;
      yield `${part}[${weight.shape}]`;
      yield weight;
    }
  }
}

type Typed = { readonly dtype: DType; readonly shape: readonly number[] };

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) =>
  a < b ? -1 : 1;

/** Floats as float32, codes as they are. */
function hashedParts(stored: StoredTensor) {
  return isFloat(stored.dtype) ? float32Parts(stored) : storedParts(stored);
}

// Each part is preceded by its length in bytes, so that no two models run together.

function addText(hash: Hash, text: string): void {
  const bytes = Buffer.from(text);
  hash.update(`${bytes.length}:`);
  hash.update(bytes);
}

function addLength(hash: Hash, { dtype, shape }: Typed): void {
  const { bytes } = dtypes[isFloat(dtype) ? "float32" : dtype];
  hash.update(`${sizeOf(shape) * bytes}:`);
}

function spaceFrom(hash: Hash, model: Model<unknown>): Space {
  const { similarity } = model.card.space;
  return { id: `sha256:${hash.digest("hex")}`, dims: widthOf(model), similarity };
}

function sorted(object: object): object {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
