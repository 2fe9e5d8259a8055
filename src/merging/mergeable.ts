/** What models must share, so that a mixture of their weights means something. */
import { join } from "node:path";
import { NearfoldError } from "../errors.ts";
import type { Model, Tower } from "../models/model.ts";

/** Of each tower, by the file of a model's folder that says it, as JSON values. */
const towerTraits = {
  "config.json": ({ configJson, config }) => ({
    model_type: configJson.model_type,
    ...(config as object),
  }),
  "tokenizer.json": ({ tokenizer }) => ({
    ...(JSON.parse(tokenizer.json) as object),
    // What others cut and pad to; the limit is compared by itself.
    truncation: null,
    padding: null,
  }),
  "modules.json": ({ head, maxTokens }) => ({ head, maxTokens }),
  "model.safetensors": ({ weights }) =>
    Object.fromEntries([...weights].map(([name, { shape }]) => [name, `[${shape}]`])),
} as const satisfies Record<string, (tower: Tower) => object>;

/** Of the model as a whole. */
const modelTraits = {
  "config_sentence_transformers.json": ({ prompts, card }) => ({
    prompts,
    similarity: card.space.similarity,
  }),
} as const satisfies Record<string, (model: Model) => object>;

type Trait = readonly [file: string, of: (model: Model) => object];

const traits: readonly Trait[] = [
  ...Object.entries(towerTraits).map(
    ([file, of]): Trait => [
      file,
      (model) => ({ ...of(model), ...(model.queryTower && { queryTower: of(model.queryTower) }) }),
    ],
  ),
  ...Object.entries(modelTraits),
];

/**
 * @throws bad-argument without a model; mismatch naming the file of the first model that differs from the first of all, and where it does
 */
export function requireMergeable(models: readonly Model[]): void {
  const [first, ...others] = models;
  if (!first) throw new NearfoldError("bad-argument", "there is no model to merge");
  for (const [file, trait] of traits) {
    const wanted = trait(first);
    for (const model of others) {
      const found = firstDifference(wanted, trait(model));
      if (!found) continue;
      const field = found.path.length > 0 ? `${found.path.join(".")} ` : "";
      throw new NearfoldError("mismatch", "these models can't be merged", {
        at: join(model.name, file),
        got: `${field}${show(found.b)}`,
        wanted: `${show(found.a)}, as ${join(first.name, file)}`,
      });
    }
  }
}

interface Difference {
  readonly path: readonly string[];
  readonly a: unknown;
  readonly b: unknown;
}

function firstDifference(a: unknown, b: unknown): Difference | undefined {
  if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) {
    return Object.is(a, b) ? undefined : { path: [], a, b };
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = firstDifference(a[key], b[key]);
    if (found) return { ...found, path: [key, ...found.path] };
  }
  return undefined;
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function show(value: unknown): string {
  if (value === Number.POSITIVE_INFINITY) return "no limit";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
