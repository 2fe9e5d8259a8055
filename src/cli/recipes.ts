/** Settings that work without being asked for, by what is trained. */
import type { Architecture } from "../models/architecture.ts";
import type { TrainOptions } from "../train/index.ts";

export interface Recipe {
  readonly temperature: number;
  readonly options: Pick<
    TrainOptions,
    "batchSize" | "learningRate" | "warmup" | "weightDecay" | "subwords"
  >;
  /** Passes over so many rows. */
  readonly epochs: (rows: number) => number;
}

/** So many rows seen in all, within bounds: a small set is seen often, a large one need not be. */
const untilSeen = (seen: number, most: number) => (rows: number) =>
  Math.max(1, Math.min(most, Math.round(seen / rows)));

export const recipes = {
  /** A bag of token vectors from nothing: large batches, a high rate, many passes. */
  static: {
    temperature: 0.07,
    options: { batchSize: 512, learningRate: 0.01, warmup: 0.05, weightDecay: 0, subwords: {} },
    epochs: untilSeen(200_000, 12),
  },
  /** A bag of token vectors that has learnt something already. */
  "static, adapted": {
    temperature: 0.07,
    options: { batchSize: 512, learningRate: 0.005, warmup: 0.05, weightDecay: 0 },
    epochs: untilSeen(200_000, 10),
  },
  /** An encoder that has learnt something already: a low rate, few passes (sentence-transformers' defaults). */
  "encoder, adapted": {
    temperature: 0.05,
    options: { batchSize: 64, learningRate: 2e-5, warmup: 0.1, weightDecay: 0.01 },
    epochs: untilSeen(20_000, 4),
  },
  /** All weights of a language model: as an encoder's, in batches that fit its size. */
  "decoder, adapted": {
    temperature: 0.05,
    options: { batchSize: 32, learningRate: 2e-5, warmup: 0.1, weightDecay: 0.01 },
    epochs: untilSeen(20_000, 3),
  },
  /**
   * Adapters begin at nothing, and bear ten times the rate of whole weights and more (Schulman et al., "LoRA Without Regret", 2025).
   * SmolLM2-135M, rank 16, on pairs of captions: STS-B 0.68 after 60 steps at 1e-3, where 80 steps at 2e-4 give 0.57.
   */
  "adapters alone": {
    temperature: 0.05,
    options: { batchSize: 32, learningRate: 1e-3, warmup: 0.1, weightDecay: 0.01 },
    epochs: untilSeen(20_000, 3),
  },
  /** As LLM2Vec's first step (McGill-NLP/llm2vec, train_configs/mntp): 1,000 steps of 32 texts, at the rate that transformers' Trainer has. */
  "masked next token": {
    temperature: 0.05,
    options: { batchSize: 32, learningRate: 5e-5, warmup: 0.1, weightDecay: 0.01 },
    epochs: untilSeen(32_000, 3),
  },
} as const satisfies Record<string, Recipe>;

interface Adaptation {
  readonly objective: "contrastive" | "masked-next-token";
  /** Whether adapters are trained instead of the weights. */
  readonly lora: boolean;
}

/** The recipe of a base, by what it is: a bag of tokens, a decoder (whose attention can be chosen), or an encoder. */
export function recipeFor(
  { batches, withAttention }: Pick<Architecture, "batches" | "withAttention">,
  { objective, lora }: Adaptation,
): Recipe {
  if (objective === "masked-next-token") return recipes["masked next token"];
  if (lora) return recipes["adapters alone"];
  if (batches === "bags") return recipes["static, adapted"];
  return recipes[withAttention ? "decoder, adapted" : "encoder, adapted"];
}

/** Widths to train a vector's prefixes for: halves, while they are worth having. */
export function halves(dims: number): readonly number[] {
  const found = [dims];
  while (found.length < 4 && found.at(-1)! % 2 === 0 && found.at(-1)! >= 64) {
    found.push(found.at(-1)! / 2);
  }
  return found;
}

/** How much is held out to measure on: 5 %, at most 2,000 pairs; nothing where that would be fewer than 20. */
export function heldOutShare(pairs: number): number {
  const share = Math.min(0.05, 2000 / pairs);
  return share * pairs < 20 ? 0 : share;
}
