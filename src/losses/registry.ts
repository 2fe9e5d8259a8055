import { angle } from "./angle.ts";
import { batchAllTriplet } from "./batch-all-triplet.ts";
import { batchHardSoftMarginTriplet, softMarginFields } from "./batch-hard-soft-margin-triplet.ts";
import { batchHardTriplet } from "./batch-hard-triplet.ts";
import { batchSemiHardTriplet } from "./batch-semi-hard-triplet.ts";
import { batchTripletFields } from "./batch-triplets.ts";
import { contrastive, contrastiveFields } from "./contrastive.ts";
import { cosent, cosentFields } from "./cosent.ts";
import { cosineSimilarity } from "./cosine-similarity.ts";
import { distillKlDiv, distillKlDivFields } from "./distill-kl-div.ts";
import { embedDistill, embedDistillFields } from "./embed-distill.ts";
import { flops, flopsFields } from "./flops.ts";
import { gist, gistFields } from "./gist.ts";
import {
  globalOrthogonalRegularization,
  globalOrthogonalRegularizationFields,
} from "./global-orthogonal-regularization.ts";
import { infoNce, infoNceFields } from "./info-nce.ts";
import type { Loss } from "./loss.ts";
import { marginMse, marginMseFields } from "./margin-mse.ts";
import { matryoshka, matryoshkaFields } from "./matryoshka.ts";
import { mse } from "./mse.ts";
import type { Needs } from "./needs.ts";
import { onlineContrastive, onlineContrastiveFields } from "./online-contrastive.ts";
import type { AnyFields } from "./options.ts";
import { relativeRanking, relativeRankingFields } from "./relative-ranking.ts";
import { similarityMatrix } from "./similarity-matrix.ts";
import { splade, spladeFields } from "./splade.ts";
import { sum, sumFields } from "./sum.ts";
import { triplet, tripletFields } from "./triplet.ts";

/** A loss by name: what its rows must hold, the options that a task file may give it, and how it is made. */
export interface LossEntry {
  readonly needs: Needs;
  readonly options: AnyFields;
  readonly make: (options: never) => Loss;
}

/** A loss made of others, which a task file names under `inner`: one, or a list. */
export interface ModifierEntry {
  readonly inner: "loss" | "losses";
  readonly options: AnyFields;
  readonly make: (inner: readonly Loss[], options: never) => Loss;
}

const MANY = Number.POSITIVE_INFINITY;
const texts: Needs = { texts: { least: 1, most: MANY } };
const pairs: Needs = { texts: { least: 2, most: MANY } };
const triplets: Needs = { texts: { least: 3, most: MANY } };
const twoTexts = { texts: { least: 2, most: 2 } };
const classes: Needs = { texts: { least: 1, most: 1 }, label: "class" };
const binaryPairs: Needs = { ...twoTexts, label: "binary" };
const scoredPairs: Needs = { ...twoTexts, label: "score" };
const scoredCandidates: Needs = { ...triplets, label: "candidate-scores" };

/** Every loss. Adding one: a file, and a line here; `test/losses-contract.test.ts` then runs it too. */
export const losses = {
  "info-nce": { needs: pairs, options: infoNceFields, make: infoNce },
  gist: { needs: { ...pairs, teacher: "all" }, options: gistFields, make: gist },
  triplet: { needs: triplets, options: tripletFields, make: triplet },
  contrastive: { needs: binaryPairs, options: contrastiveFields, make: contrastive },
  "online-contrastive": {
    needs: binaryPairs,
    options: onlineContrastiveFields,
    make: onlineContrastive,
  },
  cosent: { needs: scoredPairs, options: cosentFields, make: cosent },
  angle: { needs: scoredPairs, options: cosentFields, make: angle },
  "cosine-similarity": {
    needs: { ...twoTexts, label: "cosine" },
    options: {},
    make: cosineSimilarity,
  },
  "batch-all-triplet": { needs: classes, options: batchTripletFields, make: batchAllTriplet },
  "batch-hard-triplet": { needs: classes, options: batchTripletFields, make: batchHardTriplet },
  "batch-hard-soft-margin-triplet": {
    needs: classes,
    options: softMarginFields,
    make: batchHardSoftMarginTriplet,
  },
  "batch-semi-hard-triplet": {
    needs: classes,
    options: batchTripletFields,
    make: batchSemiHardTriplet,
  },
  "margin-mse": { needs: scoredCandidates, options: marginMseFields, make: marginMse },
  "distill-kl-div": { needs: scoredCandidates, options: distillKlDivFields, make: distillKlDiv },
  "embed-distill": {
    needs: { ...texts, teacher: "anchor" },
    options: embedDistillFields,
    make: embedDistill,
  },
  mse: { needs: { ...texts, teacher: "anchor" }, options: {}, make: mse },
  "similarity-matrix": {
    needs: { ...texts, teacher: "anchor" },
    options: {},
    make: similarityMatrix,
  },
  "relative-ranking": {
    needs: { ...texts, teacher: "anchor" },
    options: relativeRankingFields,
    make: relativeRanking,
  },
  flops: { needs: texts, options: flopsFields, make: flops },
  "global-orthogonal-regularization": {
    needs: texts,
    options: globalOrthogonalRegularizationFields,
    make: globalOrthogonalRegularization,
  },
} as const satisfies Record<string, LossEntry>;

export type LossName = keyof typeof losses;

/** What is put around losses. */
export const modifiers = {
  matryoshka: {
    inner: "loss",
    options: matryoshkaFields,
    make: ([loss], { dims = [], ...options }: { readonly dims?: readonly number[] }) =>
      matryoshka(loss, dims, options),
  },
  splade: {
    inner: "loss",
    options: spladeFields,
    make: ([loss], options) => splade(loss, options),
  },
  sum: { inner: "losses", options: sumFields, make: sum },
} as const satisfies Record<string, ModifierEntry>;

export type ModifierName = keyof typeof modifiers;
