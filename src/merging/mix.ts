import { spaceOf } from "../models/fingerprint.ts";
import type { Lineage, Model, Tower } from "../models/model.ts";
import { floats } from "../tensor/tensor.ts";

/** Makes one tensor of those that several models have of a name; all of one length. */
export type Combine = (parts: readonly Float32Array[]) => Float32Array<ArrayBuffer>;

/** The first model with every weight made of all models'. They must be mergeable. */
export function mixWeights(models: readonly Model[], combine: Combine): Model {
  // What was adapted is in the weights; of a mixture of them the matrices say nothing.
  const { adapter: _, ...first } = models[0];
  const { queryTower } = first;
  return {
    ...first,
    weights: mixTowers(models, combine),
    ...(queryTower && {
      queryTower: {
        ...queryTower,
        weights: mixTowers(
          models.map((model) => model.queryTower!),
          combine,
        ),
      },
    }),
  };
}

function mixTowers(towers: readonly Tower[], combine: Combine): Tower["weights"] {
  return new Map(
    [...towers[0].weights].map(([name, { shape }]) => {
      const parts = towers.map(({ weights }) => weights.get(name)!.data);
      return [name, floats(combine(parts), shape)];
    }),
  );
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
        name: model.name,
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

function distinct<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
