import type { Pair } from "../src/data/pairs.ts";
import { infoNce } from "../src/losses/index.ts";
import type { Model } from "../src/models/model.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { parseTokenizer, type Tokenizer } from "../src/text/tokenizer.ts";
import { train, trainToEnd } from "../src/train/index.ts";
import type { TrainOptions } from "../src/train/options.ts";
import { timed } from "./measure.ts";
import { architecture, config, configJson, head, makeWeights } from "./workload.ts";

/** So small that weights stay what they are over the runs of a measurement. */
export const RATE = 2e-5;

/** InfoNCE at a constant rate without clipping, which is what the peers of a training step do. */
export const plainSteps = {
  loss: infoNce(),
  learningRate: RATE,
  warmup: 0,
  decay: "constant",
  clip: 0,
} as const satisfies TrainOptions;

/** One step of the trainer. */
export interface StepTime {
  readonly ms: number;
  /** Before the step. */
  readonly loss: number;
}

/** A training run that goes on step by step. */
export interface Training extends AsyncDisposable {
  step(): Promise<StepTime>;
  /** The trained model, after the last step. */
  finish(): Promise<Model>;
}

/** Starts the trainer, as a user would: what a step takes is all that happens between two of its events. */
export function openTraining(
  model: Model<Tensor>,
  pairs: readonly Pair[],
  options: TrainOptions,
): Training {
  const events = train(model, pairs, options);
  let opened = false;
  return {
    async step() {
      if (!opened) await events.next();
      opened = true;
      const { ms, result } = await timed(() => events.next());
      if (result.done || result.value.type !== "step") throw new Error("the run has no more steps");
      return { ms, loss: result.value.loss };
    },
    finish: () => trainToEnd(events),
    async [Symbol.asyncDispose]() {
      await events.return(undefined as never);
    },
  };
}

/** Texts that the bench's tokenizer turns into just these ids. */
export function toTexts(sequences: readonly (readonly number[])[]): string[] {
  return sequences.map((ids) => ids.map((id) => `t${id}`).join(" "));
}

/** Pairs of texts, of a list with all anchors before their positives. */
export function toPairs(texts: readonly string[]): Pair[] {
  const half = texts.length / 2;
  return texts
    .slice(0, half)
    .map((anchor, i) => ({ anchor, positive: texts[half + i], negatives: [] }));
}

/** Every id has a word of its own: peers are given ids, and tokenizing is not what is compared. */
function idTokenizer(): Tokenizer {
  const words = Array.from({ length: config.vocabSize }, (_, id) => [`t${id}`, id]);
  const json = {
    model: {
      type: "WordPiece",
      unk_token: "t0",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(words),
    },
    pre_tokenizer: { type: "WhitespaceSplit" },
    added_tokens: [],
  };
  return parseTokenizer(JSON.stringify(json), "{}", "the bench's tokenizer");
}

/** The bench's model as the trainer takes it; its tokenizer reads `toTexts`, and it cuts nothing that has a position. */
export function benchModel({
  weights = makeWeights(),
  tokenizer = idTokenizer(),
  maxTokens = config.maxPositions,
}: Partial<Pick<Model, "weights" | "tokenizer" | "maxTokens">> = {}): Model {
  const prompts = { query: "", document: "" };
  return {
    name: "bench",
    architecture: architecture as Model["architecture"],
    config,
    configJson,
    head,
    tokenizer,
    maxTokens,
    prompts,
    weights,
    card: {
      version: 1,
      dims: [config.hiddenSize],
      prompts,
      space: { id: `sha256:${"0".repeat(64)}`, dims: config.hiddenSize, similarity: "cosine" },
      lineage: { data: [], losses: [], versions: {}, metrics: {} },
    },
  };
}
