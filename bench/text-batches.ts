/** What a peer needs to train as we do: our batches as texts, and our schedule. */
import { batches } from "../src/data/batches.ts";
import type { Pair } from "../src/data/pairs.ts";
import type { Model } from "../src/models/model.ts";
import { type TrainOptions, withDefaults } from "../src/train/options.ts";

/** What the trainer takes in one step, as texts. */
export interface TextBatch {
  readonly anchors: readonly string[];
  readonly positives: readonly string[];
  /** Of the model's, no padding among them. */
  readonly tokens: number;
}

/** The batches of a run in the trainer's order, for a peer to train on the same. */
export function textBatches(
  { tokenizer, maxTokens, prompts }: Model<unknown>,
  pairs: readonly Pair[],
  options: TrainOptions,
): readonly TextBatch[] {
  const settings = withDefaults(options);
  const epochs = Array.from({ length: settings.epochs }, (_, epoch) =>
    // As the trainer: a pair alone has no negatives.
    batches(pairs, { ...settings, epoch }).filter(({ length }) => length > 1),
  );
  const lengthOf = (text: string) => tokenizer.encode(text, { maxLength: maxTokens }).ids.length;
  return epochs.flat().map((rows) => {
    const anchors = Array.from(rows, (row) => prompts.query + pairs[row].anchor);
    const positives = Array.from(rows, (row) => prompts.document + pairs[row].positive);
    const tokens = [...anchors, ...positives].reduce((sum, text) => sum + lengthOf(text), 0);
    return { anchors, positives, tokens };
  });
}

/** Our schedule as bench/peers/schedule.py takes it. */
export function peerSchedule(options: TrainOptions, totalSteps: number) {
  const { learningRate, weightDecay, warmup, decay, clip, seed } = withDefaults(options);
  return {
    rate: learningRate,
    weight_decay: weightDecay,
    warmup_steps: Math.ceil(warmup * totalSteps),
    total_steps: totalSteps,
    decay,
    clip,
    seed,
  };
}
