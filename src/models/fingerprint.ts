/** The space of a model's vectors: a fingerprint of all that they depend on. */
import { createHash, type Hash } from "node:crypto";
import type { Space } from "../space.ts";
import { float32Parts } from "../tensor/stored-tensor.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { weightShapes } from "./checkpoint.ts";
import { widthOf } from "./head.ts";
import type { Model, Tower, Weight } from "./model.ts";
import { tokenizerFingerprint } from "./tokenizer-files.ts";

/**
 * The same for the same weights, config, tokenizer, head, prompts and limit, whatever the folder is called. Only weights that the forward
 * pass reads count, as float32, sorted by name; so a checkpoint in float16 and its copy in float32 are one space.
 */
export function spaceOf(model: Model): Space {
  const hash = createHash("sha256");
  for (const part of partsOf<Tensor<"float32">>(model)) {
    if (typeof part === "string") addText(hash, part);
    else {
      addLength(hash, part);
      addFloats(hash, part.data);
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
      if ("data" in part) addFloats(hash, part.data);
      else for await (const floats of float32Parts(part)) addFloats(hash, floats);
    }
  }
  return spaceFrom(hash, model);
}

/** What is hashed, in this order: texts, and weights. */
function* partsOf<W extends { readonly shape: readonly number[] }>(
  model: Model<W>,
): Generator<string | W> {
  yield* partsOfTower<W>(model, { prompts: sorted(model.prompts) });
  if (model.queryTower) yield* partsOfTower<W>(model.queryTower, { tower: "query" });
}

function* partsOfTower<W extends { readonly shape: readonly number[] }>(
  { architecture, config, tokenizer, head, maxTokens, weights }: Tower<W>,
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
  for (const name of [...weightShapes(architecture, config, head).keys()].sort()) {
    const weight = weights.get(name)!;
    yield `${name}[${weight.shape}]`;
    yield weight;
  }
}

// Each part is preceded by its length in bytes, so that no two models run together.

function addText(hash: Hash, text: string): void {
  const bytes = Buffer.from(text);
  hash.update(`${bytes.length}:`);
  hash.update(bytes);
}

function addLength(hash: Hash, { shape }: { readonly shape: readonly number[] }): void {
  hash.update(`${sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT}:`);
}

function addFloats(hash: Hash, { buffer, byteOffset, byteLength }: Float32Array): void {
  hash.update(new Uint8Array(buffer, byteOffset, byteLength));
}

function spaceFrom(hash: Hash, model: Model<unknown>): Space {
  const { similarity } = model.card.space;
  return { id: `sha256:${hash.digest("hex")}`, dims: widthOf(model), similarity };
}

function sorted(object: object): object {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
