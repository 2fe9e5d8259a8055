/** MiniLM trained once: a run that was stopped goes on, and the next one finds the model. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Pair } from "../src/data/index.ts";
import { exists } from "../src/durable.ts";
import { loadModel, saveModel } from "../src/models/index.ts";
import { type TrainOptions, train, trainToEnd } from "../src/train/index.ts";
import { miniLm } from "../test/minilm.ts";
import { CACHE, keyOf } from "./cached-vectors.ts";

export interface CachedTraining extends TrainOptions {
  /** Texts are cut here while training alone. @default where the model cuts them */
  readonly maxTokens?: number;
}

/** The folder of the model that rows and options make of MiniLM. */
export async function trainedMiniLm(
  rows: readonly Pair[],
  { maxTokens, ...options }: CachedTraining,
  log: (line: string) => void,
): Promise<string> {
  const folder = join(CACHE, keyOf([options, maxTokens, rows]));
  if (await exists(folder)) return folder;
  const started = performance.now();
  const base = await loadModel(miniLm);
  const run = { checkpoint: `${folder}.run`, checkpointEvery: 25, resume: true };
  const cut = { ...base, maxTokens: maxTokens ?? base.maxTokens };
  const model = await trainToEnd(train(cut, rows, { ...options, ...run }), (event) => {
    if (event.type === "step" && event.step % 10 === 0) {
      log(`step ${event.step} of ${event.totalSteps}, loss ${event.loss.toFixed(3)}`);
    }
  });
  log(`trained in ${Math.round((performance.now() - started) / 1000)} s`);
  await saveModel(folder, { ...model, maxTokens: base.maxTokens });
  await rm(run.checkpoint, { recursive: true, force: true });
  return folder;
}
