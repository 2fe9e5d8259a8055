/** Fine-tuning on real texts, ours and a peer's: the same batches, the same schedule, step by step in turn. */
import { batches } from "../src/data/batches.ts";
import type { Pair } from "../src/data/pairs.ts";
import type { Model } from "../src/models/model.ts";
import { type TrainOptions, withDefaults } from "../src/train/options.ts";
import type { Child } from "./child.ts";
import { interleave } from "./measure.ts";
import type { StepTime } from "./training.ts";

/** What the trainer takes in one step, as texts. */
export interface TextBatch {
  readonly anchors: readonly string[];
  readonly positives: readonly string[];
  /** Of the model's, no padding among them. */
  readonly tokens: number;
}

/** The batches of a run in the trainer's order, for a peer to train on the same. */
export function textBatches(
  { tokenizer, maxTokens, prompts }: Model,
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

export type Step = (batch: TextBatch) => Promise<StepTime>;

/** A step of a peer's. @throws where it reads other tokens than we do */
export function peerStep(name: string, peer: Child): Step {
  return async ({ anchors, positives, tokens: wanted }) => {
    const request = { anchors, positives };
    const { ms, loss, tokens } = await peer.ask<PeerStep>("step", request);
    if (tokens === wanted) return { ms, loss };
    throw new Error(`${name} does other work than we do: it reads ${tokens} tokens, we ${wanted}`);
  };
}

interface PeerStep extends StepTime, Readonly<Record<string, unknown>> {
  readonly tokens: number;
}

export interface Steps {
  /** Real tokens a second, of each counted step. */
  readonly tokensPerSecond: readonly number[];
  /** Of all steps, those before counting began too. */
  readonly losses: readonly number[];
}

/** Takes each batch on all sides, in turn; the first `warmUps` are not counted. */
export async function stepInTurn(
  sides: readonly Step[],
  batches: readonly TextBatch[],
  { warmUps = 2 }: { readonly warmUps?: number } = {},
): Promise<Steps[]> {
  const losses = sides.map((): number[] => []);
  const runners = sides.map((step, side) => ({
    run: async () => {
      const batch = batches[losses[side].length];
      const { ms, loss } = await step(batch);
      losses[side].push(loss);
      return (1000 * batch.tokens) / ms;
    },
  }));
  const figures = await interleave(runners, { runs: batches.length - warmUps, warmUps });
  return figures.map((tokensPerSecond, side) => ({ tokensPerSecond, losses: losses[side] }));
}
