/** all-MiniLM-L6-v2 fine-tuned on SciFact's train split, as sentence-transformers' users do. */
import type { RetrievalSet } from "../src/data/beir.ts";
import { openEncoder } from "../src/encoder/index.ts";
import type { Ranking } from "../src/evaluate/index.ts";
import { infoNce } from "../src/losses/index.ts";
import { loadModel, type Model } from "../src/models/index.ts";
import type { TrainOptions } from "../src/train/options.ts";
import { miniLm } from "../test/minilm.ts";
import type { Work } from "./finetuning.ts";
import { rankAll } from "./quality.ts";
import { readScifact, toPairs } from "./real-data.ts";

const TEMPERATURE = 0.05;

/** MultipleNegativesRankingLoss at scale 20, in batches without duplicates, as it recommends. */
export const scifactOptions = {
  loss: infoNce({ temperature: TEMPERATURE }),
  epochs: 2,
  batchSize: 32,
  learningRate: 2e-5,
  warmup: 0.1,
  decay: "linear",
  weightDecay: 0.01,
  clip: 1,
  dropout: true,
  noDuplicates: true,
  seed: 42,
} as const satisfies TrainOptions;

export async function scifactWork(): Promise<Work> {
  const model = await loadModel(miniLm);
  return {
    model,
    pairs: toPairs(await readScifact("train")),
    options: scifactOptions,
    peer: {
      script: "finetune_scifact.py",
      name: "sentence-transformers 6.2",
      request: { model: miniLm, max_tokens: model.maxTokens, scale: 1 / TEMPERATURE },
    },
    // Dropout draws other masks on each side: a single step says little.
    equalLoss: { of: "mean", tolerance: 0.15 },
  };
}

/** What a model finds for each query among all documents. */
export async function rankByUs(model: Model, set: RetrievalSet): Promise<readonly Ranking[]> {
  await using encoder = await openEncoder(model);
  return await rankAll(set, encoder);
}
