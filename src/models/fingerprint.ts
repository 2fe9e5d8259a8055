/** The space of a model's vectors: a fingerprint of all that they depend on. */
import { createHash } from "node:crypto";
import type { Space } from "../space.ts";
import { weightShapes } from "./checkpoint.ts";
import { widthOf } from "./head.ts";
import type { Model } from "./model.ts";
import { tokenizerFingerprint } from "./tokenizer-files.ts";

/**
 * The same for the same weights, config, tokenizer, head, prompts and limit, whatever the folder is called. Only weights that the forward
 * pass reads count, as float32, sorted by name; so a checkpoint in float16 and its copy in float32 are one space.
 */
export function spaceOf(model: Model): Space {
  const { architecture, config, tokenizer, head, maxTokens, prompts, weights } = model;
  const hash = createHash("sha256");
  // Each part is preceded by its length, so that no two models run together.
  const add = (part: Uint8Array) => {
    hash.update(`${part.length}:`);
    hash.update(part);
  };
  const facts = {
    config: sorted(config as object),
    module: architecture.module,
    tokenizer: tokenizerFingerprint(tokenizer),
    head: { ...sorted(head), layers: head.layers.map(sorted) },
    maxTokens: Number.isFinite(maxTokens) ? maxTokens : null,
    prompts: sorted(prompts),
  };
  add(Buffer.from(JSON.stringify(facts)));
  for (const name of [...weightShapes(architecture, config, head).keys()].sort()) {
    const { data, shape } = weights.get(name)!;
    add(Buffer.from(`${name}[${shape}]`));
    add(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const { similarity } = model.card.space;
  const dims = widthOf(model);
  return { id: `sha256:${hash.digest("hex")}`, dims, similarity };
}

function sorted(object: object): object {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
