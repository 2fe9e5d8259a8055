/** Means of checkpoints. Source: Wortsman et al., "Model soups", ICML 2022 (arXiv:2203.05482). */
import { NearfoldError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { requireMergeable } from "./mergeable.ts";
import { asMerged, mixWeights } from "./mix.ts";

export interface SoupOptions {
  /** Of each model, in any scale. @default all equal: the uniform soup */
  readonly weights?: readonly number[];
}

/**
 * The model whose every weight is the mean of the models'.
 * @throws mismatch for models that differ in more than their weights; bad-argument for weights that are not above 0, or not one a model
 */
export function soup(models: readonly Model[], { weights }: SoupOptions = {}): Model {
  requireMergeable(models);
  const shares = sharesOf(weights ?? models.map(() => 1), models.length);
  const mixture = mixWeights(models, (parts) => weightedMean(parts, shares));
  return asMerged(mixture, models, { method: "soup", shares });
}

/** How good a model is on data it was not trained on; more is better. */
export type Score = (model: Model) => Promise<number>;

export interface GreedySoupOptions {
  readonly score: Score;
  /** Of each model alone. @default asked of `score` */
  readonly scores?: readonly number[];
}

export interface GreedySoup {
  readonly model: Model;
  readonly score: number;
  /** In the order of trial, the best model alone first. */
  readonly steps: readonly {
    /** Of the model that was tried. */
    readonly index: number;
    /** Of the soup with it. */
    readonly score: number;
    readonly kept: boolean;
  }[];
}

/**
 * Adds models to a uniform soup, the best first, and keeps those with which its score does not fall (recipe 1 of the paper): the result never
 * scores below the best model alone, which is the result where none helps.
 * @throws as `soup`; as `score`
 */
export async function greedySoup(
  models: readonly Model[],
  { score, scores: known }: GreedySoupOptions,
): Promise<GreedySoup> {
  requireMergeable(models);
  const scores = known ?? (await inTurn(models, score));
  const order = [...models.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
  let kept = [order[0]];
  let best = scores[order[0]];
  const steps = [{ index: order[0], score: best, kept: true }];
  for (const index of order.slice(1)) {
    const trial = [...kept, index];
    const found = await score(uniform(trial.map((i) => models[i])));
    steps.push({ index, score: found, kept: found >= best });
    if (found < best) continue;
    kept = trial;
    best = found;
  }
  if (kept.length === 1) return { model: models[kept[0]], score: best, steps };
  const parts = kept.map((i) => models[i]);
  const shares = sharesOf(
    parts.map(() => 1),
    parts.length,
  );
  const model = asMerged(uniform(parts), parts, { method: "greedy soup", shares });
  return { model, score: best, steps };
}

function uniform(models: readonly Model[]): Model {
  return mixWeights(models, (parts) =>
    weightedMean(
      parts,
      parts.map(() => 1 / parts.length),
    ),
  );
}

async function inTurn(models: readonly Model[], score: Score): Promise<readonly number[]> {
  const scores: number[] = [];
  for (const model of models) scores.push(await score(model));
  return scores;
}

/** `Σ shares · parts`, summed in float64. */
export function weightedMean(
  parts: readonly Float32Array[],
  shares: readonly number[],
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(parts[0].length);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let part = 0; part < parts.length; part++) sum += shares[part] * parts[part][i];
    out[i] = sum;
  }
  return out;
}

function sharesOf(weights: readonly number[], models: number): readonly number[] {
  const total = weights.reduce((a, b) => a + b, 0);
  const fits = weights.every((weight) => weight > 0) && Number.isFinite(total);
  if (fits && weights.length === models) return weights.map((weight) => weight / total);
  throw new NearfoldError("bad-argument", "not the weights of these models", {
    got: weights.join(", "),
    wanted: `${models} numbers above 0`,
  });
}
