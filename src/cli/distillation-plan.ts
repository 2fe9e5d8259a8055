/** What a student is trained for, in which steps: what was asked for, and else the recipe. */
import { NearfoldError } from "../errors.ts";
import { embedDistill, matryoshka, similarityMatrix, sum } from "../losses/index.ts";
import type { TrainOptions } from "../train/index.ts";
import { type NamedLoss, parseNamedLoss } from "./training-loss.ts";

/** Options of the trainer under their own names. */
const passedOn = [
  "epochs",
  "batchSize",
  "chunkSize",
  "learningRate",
  "warmup",
  "weightDecay",
  "evaluateEvery",
] as const satisfies readonly (keyof TrainOptions)[];

export interface DistillationPlanOptions extends Pick<TrainOptions, (typeof passedOn)[number]> {
  readonly objective?: string;
  readonly matryoshka?: readonly number[];
  readonly maxMinutes?: number;
  readonly seed: number;
}

export interface DistillationPlan {
  /** What the student's vectors may be cut to, the full width first. */
  readonly dims: readonly number[];
  readonly loss: NamedLoss;
  readonly trainer: TrainOptions;
}

/** Settings that work without being asked for, by what the student is. */
const recipes = {
  /** Some layers of a transformer. */
  layers: { epochs: 3, batchSize: 64, learningRate: 2e-4, warmup: 0.05, weightDecay: 0.01 },
  /** A model that learns to be rounded: it knows all it has to. */
  rounded: { epochs: 3, batchSize: 64, learningRate: 1e-4, warmup: 0.05, weightDecay: 0 },
  "from nothing": { epochs: 10, batchSize: 64, learningRate: 5e-4, warmup: 0.1, weightDecay: 0.01 },
  bag: { epochs: 10, batchSize: 256, learningRate: 5e-3, warmup: 0.05, weightDecay: 0 },
} as const satisfies Record<string, TrainOptions>;

export type DistillationRecipe = keyof typeof recipes;

/** Similarities are squared differences of cosines, some hundred times smaller than what vectors are apart. */
const SIMILARITY_WEIGHT = 10;

/**
 * @param width of the student's vectors
 * @throws bad-argument for an objective that reads no teacher, or widths that the student does not have
 */
export function distillationPlan(
  { recipe, width }: { readonly recipe: DistillationRecipe; readonly width: number },
  options: DistillationPlanOptions,
): DistillationPlan {
  const { objective, maxMinutes, seed } = options;
  const dims = prefixes(width, options);
  const loss = objective === undefined ? vectorsAndSimilarities() : objectiveOf(objective);
  const asked = passedOn.flatMap((name) =>
    options[name] === undefined ? [] : [[name, options[name]] as const],
  );
  const trainer = {
    ...recipes[recipe],
    ...Object.fromEntries(asked),
    seed,
    ...(maxMinutes !== undefined && { maxSeconds: 60 * maxMinutes }),
  };
  return { dims, loss: withPrefixes(loss, dims.slice(1)), trainer };
}

/** Embedding matching, and the similarities within a batch (Jasper, arXiv:2412.19048). */
function vectorsAndSimilarities(): NamedLoss {
  const losses = [embedDistill(), similarityMatrix()];
  return {
    text: `embed-distill (cosine) + ${SIMILARITY_WEIGHT} similarity-matrix`,
    needs: { texts: { least: 1, most: 1 }, teacher: "anchor" },
    loss: sum(losses, { weights: [1, SIMILARITY_WEIGHT] }),
  };
}

function objectiveOf(text: string): NamedLoss {
  const named = parseNamedLoss(text, "--objective");
  const { texts, teacher, label } = named.needs;
  if (teacher === "anchor" && texts.least === 1 && label === undefined) return named;
  if (label === "candidate-scores" && teacher === undefined) return named;
  throw new NearfoldError("bad-argument", "the objective is not learnt from a teacher's vectors", {
    at: "--objective",
    got: named.text,
    wanted:
      "embed-distill, mse, similarity-matrix, relative-ranking, or a sum of them; margin-mse or distill-kl-div for pairs with hard negatives",
  });
}

/** A teacher's prefixes may mean nothing: those of the student learn how alike texts are, not where they lie (Jasper's third stage). */
function withPrefixes(named: NamedLoss, dims: readonly number[]): NamedLoss {
  if (dims.length === 0) return named;
  // Scores say nothing of where texts lie: prefixes learn the same.
  if (named.needs.label) {
    const text = `Matryoshka(${dims.join(", ")}) of ${named.text}`;
    const loss = sum([named.loss, matryoshka(named.loss, dims)]);
    return { ...named, text: `${named.text} + ${text}`, loss };
  }
  const short = matryoshka(similarityMatrix(), dims);
  return {
    ...named,
    text: `${named.text} + ${SIMILARITY_WEIGHT} Matryoshka(${dims.join(", ")}) of similarity-matrix`,
    loss: sum([named.loss, short], { weights: [1, SIMILARITY_WEIGHT] }),
  };
}

function prefixes(full: number, { matryoshka: wanted = [] }: DistillationPlanOptions) {
  const dims = [...new Set([full, ...wanted])].sort((a, b) => b - a);
  if (dims[0] === full) return dims;
  throw new NearfoldError("bad-argument", "the vectors are not that wide", {
    at: "--matryoshka",
    got: wanted.join(","),
    wanted: `at most ${full}`,
  });
}
