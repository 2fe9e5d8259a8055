import { spaceOf } from "../models/fingerprint.ts";
import type { Lineage, Model } from "../models/model.ts";
import { floats } from "../tensor/tensor.ts";

/** Makes one tensor of those that several models have of a name; all of one length. */
export type Combine = (parts: readonly Float32Array[]) => Float32Array<ArrayBuffer>;

/** The first model with every weight made of all models'. They must be mergeable. */
export function mixWeights(models: readonly Model[], combine: Combine): Model {
  const [first] = models;
  const weights = new Map(
    [...first.weights].map(([name, { shape }]) => {
      const parts = models.map((model) => model.weights.get(name)!.data);
      return [name, floats(combine(parts), shape)];
    }),
  );
  return { ...first, weights };
}

/** The mixture with a card that says what it is of. `shares` sum to 1. */
export function asMerged(
  mixture: Model,
  models: readonly Model[],
  { method, shares }: { readonly method: string; readonly shares: readonly number[] },
): Model {
  const cards = models.map(({ card }) => card);
  const lineages = cards.map(({ lineage }) => lineage);
  const [{ base }] = lineages;
  const lineage: Lineage = {
    ...(base !== undefined && lineages.every((other) => other.base === base) && { base }),
    merged: {
      method,
      models: models.map((model, i) => ({
        name: folderName(model.name),
        space: spaceOf(model).id,
        weight: shares[i],
      })),
    },
    data: distinct(
      lineages.flatMap(({ data }) => data),
      ({ sha256 }) => sha256,
    ),
    losses: [...new Set(lineages.flatMap(({ losses }) => losses))],
    versions: {},
    metrics: {},
  };
  const dims = cards[0].dims.filter((width) => cards.every((card) => card.dims.includes(width)));
  return { ...mixture, card: { ...mixture.card, dims, lineage } };
}

/** Where a model lies on somebody's disk does not belong on a card. */
function folderName(path: string): string {
  return path.replace(/[\\/]+$/, "").replace(/^.*[\\/]/, "");
}

function distinct<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
