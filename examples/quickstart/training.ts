/** From pairs to a model: a tokenizer, then an embedder from nothing, on the training side alone. */
import type { Context } from "../../src/cli/command.ts";
import { toProgress } from "../../src/cli/training-progress.ts";
import { infoNce, matryoshka } from "../../src/losses/index.ts";
import type { Model } from "../../src/models/index.ts";
import { toTokenizer, trainWordPiece } from "../../src/text/index.ts";
import { newStaticModel } from "../../src/train/from-nothing.ts";
import { type EvaluationEvent, type StepEvent, train, trainToEnd } from "../../src/train/index.ts";
import type { ApiPair, ApiSplit } from "./api-pairs.ts";
import { encodeAndScore, retrievalOf } from "./quality.ts";

/** Found on the development side. */
export const recipe = {
  dims: [256, 128, 64, 32],
  temperature: 0.07,
  epochs: 10,
  batchSize: 512,
  learningRate: 1e-2,
  warmup: 0.05,
  maxTokens: 64,
  vocabSize: 16_000,
  seed: 1,
} as const;

export interface Trained {
  readonly model: Model;
  readonly steps: readonly StepEvent[];
  readonly evaluations: readonly EvaluationEvent[];
  readonly seconds: number;
}

export async function trainEmbedder(split: ApiSplit, context: Context): Promise<Trained> {
  const started = context.now();
  const start = newModel(split.train);
  const { dims, temperature, epochs, batchSize, learningRate, warmup, seed } = recipe;
  const loss = infoNce({
    temperature,
    directions: ["anchor-document", "document-anchor"],
    partition: "per-direction",
  });
  const dev = retrievalOf(split.dev, split.dev);
  const events = train(start, toPairs(split.train), {
    loss: matryoshka(loss, dims),
    ...{ epochs, batchSize, learningRate, warmup, seed },
    weightDecay: 0,
    clip: 0,
    noDuplicates: false,
    subwords: {},
    evaluate: async (model) => {
      const { mean } = await encodeAndScore(model, dev, dims[0]);
      return { score: mean["ndcg@10"], metrics: mean };
    },
    evaluateEvery: 2 * Math.ceil(split.train.length / batchSize),
    signal: context.signal,
  });
  const steps: StepEvent[] = [];
  const evaluations: EvaluationEvent[] = [];
  const trained = await trainToEnd(events, (event) => {
    if (event.type === "step") steps.push(event);
    if (event.type === "evaluation") evaluations.push(event);
    context.report(toProgress(event));
  });
  const seconds = (context.now() - started) / 1000;
  const model = { ...trained, card: { ...trained.card, dims } };
  return { model, steps, evaluations, seconds };
}

/** A tokenizer of the training side's words, and a table that has learnt nothing yet. */
function newModel(pairs: readonly ApiPair[]): Model {
  const { dims, maxTokens, vocabSize, seed } = recipe;
  const trained = trainWordPiece(
    pairs.flatMap(({ query, document }) => [query, document]),
    {
      vocabSize,
      maxLength: maxTokens,
      minFrequency: 1,
      wholeWords: 0.9,
      splitIdentifiers: true,
      dropPunctuation: true,
      wrap: false,
    },
  );
  const name = "quickstart";
  return newStaticModel(toTokenizer(trained, name), { name, dims: dims[0], maxTokens, seed });
}

const toPairs = (pairs: readonly ApiPair[]) =>
  pairs.map(({ query, document }) => ({ anchor: query, positive: document, negatives: [] }));
