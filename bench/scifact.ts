/** The recipe of both measurements that fine-tune all-MiniLM-L6-v2 on SciFact's train split. */
import { infoNce } from "../src/losses/index.ts";
import { loadModel } from "../src/models/index.ts";
import type { TrainOptions } from "../src/train/options.ts";
import { miniLm } from "../test/minilm.ts";
import type { Child } from "./child.ts";
import { peerSchedule, peerStep, type Step, type TextBatch, textBatches } from "./finetuning.ts";
import { findPython, openPeer } from "./peer.ts";
import { readScifact, toPairs } from "./real-data.ts";
import { openTraining, type Training } from "./training.ts";

const TEMPERATURE = 0.05;

/** sentence-transformers' usual recipe for pairs: MultipleNegativesRankingLoss at scale 20, batches without duplicates. */
const options = {
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

/** What the peer is called where it is not installed. */
export const PEER = "sentence-transformers 6.2";

/** Dropout draws other masks on each side: only the mean over the steps can be compared. */
export const LOSS_TOLERANCE = 0.15;

export interface Finetuning extends AsyncDisposable {
  readonly batches: readonly TextBatch[];
  readonly ours: Training;
  /** Absent where it is not installed. */
  readonly peer?: { readonly name: string; readonly child: Child; readonly step: Step };
}

/** Opens both sides, ready for the first of `batches`. */
export async function openFinetuning(): Promise<Finetuning> {
  const model = await loadModel(miniLm);
  const pairs = toPairs(await readScifact("train"));
  const batches = textBatches(model, pairs, options);
  await using stack = new AsyncDisposableStack();
  const ours = stack.use(openTraining(model, pairs, options));
  const python = findPython();
  const both = { batches, ours };
  if (!python) return { ...both, ...closing(stack.move()) };
  const child = stack.use(openPeer(python, "finetune_scifact.py"));
  const { name } = await child.ask<{ name: string }>("open", {
    model: miniLm,
    max_tokens: model.maxTokens,
    scale: 1 / TEMPERATURE,
    ...peerSchedule(options, batches.length),
  });
  const peer = { name, child, step: peerStep(name, child) };
  return { ...both, peer, ...closing(stack.move()) };
}

function closing(stack: AsyncDisposableStack): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
