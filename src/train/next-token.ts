import { NearfoldError } from "../errors.ts";
import { languageHeadOf } from "../models/language-head.ts";
import { type Model, requireFloats } from "../models/model.ts";
import { type MaskOptions, maskTokens, packPredictions } from "../nn/predictions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TokenBatch } from "./batch.ts";
import { type Compiled, compile, type Feeds, runGradient } from "./compiled.ts";
import type { BatchGradient, Gradients } from "./gradients.ts";
import { type Encoding, names, nextTokenGraph } from "./graphs.ts";
import { type TrainOptions, withDefaults } from "./options.ts";
import { packing } from "./packing.ts";
import { tokenBatches } from "./token-batches.ts";
import { runToEnd, type Training } from "./trainer.ts";

export interface NextTokenOptions extends Omit<MaskOptions, "step"> {
  /** The weight `[V, D]` of the logits. */
  readonly head: string;
}

/**
 * The gradient of masked next-token prediction (BehnamGhader et al., LLM2Vec, arXiv:2404.05961 §2.2): some tokens are masked, and each is
 * predicted from the token before it. A batch goes through one graph. Close with `await using`.
 */
class NextTokenGradients implements Gradients {
  readonly #encoding: Encoding;
  readonly #options: NextTokenOptions;
  readonly #buffers = new Map<string, Float32Array>();
  readonly #pack: ReturnType<typeof packing>;
  #compiled: Promise<Compiled> | undefined;

  constructor(encoding: Encoding, options: NextTokenOptions) {
    this.#encoding = encoding;
    this.#options = options;
    this.#pack = packing(encoding, options.seed);
  }

  async compute(weights: Feeds, batch: TokenBatch, step: number): Promise<BatchGradient> {
    this.#compiled ??= compile(nextTokenGraph(this.#encoding, this.#options.head));
    const compiled = await this.#compiled;
    const { sequences, predictions } = maskTokens(batch.sequences, { ...this.#options, step });
    const packed = this.#pack({ sequences }, step);
    const feeds = { ...weights, ...packed.feeds, ...packPredictions(sequences, predictions) };
    const { results, dense, rows } = await runGradient(compiled, feeds, this.#buffers);
    return { loss: (results[names.loss].data as Float32Array)[0], dense, rows };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#compiled)?.session[Symbol.asyncDispose]();
  }
}

export interface NextTokenTraining extends TrainOptions {
  /** Stands for a masked token. @default the tokenizer's own mask, or else "_", as LLM2Vec has it */
  readonly maskToken?: string;
  /** How likely each token is masked. @default 0.2 */
  readonly maskShare?: number;
}

/**
 * Teaches a language model to use attention to both sides, before it is trained to embed: masked next-token prediction (LLM2Vec,
 * arXiv:2404.05961 §2.2). A whole batch goes through one graph. Yields and returns as `trainTasks`.
 * @throws unsupported for a model without a language model's head; else as `trainTasks`
 */
export async function* trainNextToken(
  model: Model<Tensor>,
  texts: readonly string[],
  options: NextTokenTraining = {},
): Training {
  requireFloats(model, "taught to predict tokens");
  const { maskToken, maskShare, ...rest } = options;
  const settings = withDefaults(rest);
  const rows = texts.map((anchor) => ({ anchor, negatives: [] }));
  const tasks = [{ rows, needs: oneText, prompts: { query: "", document: "" } }];
  const plan = tokenBatches(model, tasks, settings);
  const masking = {
    head: languageHeadOf(model),
    maskId: maskIdOf(model, maskToken),
    kept: new Set(model.tokenizer.specialTokens.values()),
    seed: settings.seed,
    ...(maskShare !== undefined && { share: maskShare }),
  };
  const objective = {
    gradients: (encoding: Encoding) => new NextTokenGradients(encoding, masking),
    text: JSON.stringify(["next token", masking]),
  };
  return yield* runToEnd(model, plan, objective, tasks, settings);
}

const oneText = { texts: { least: 1, most: 1 } } as const;

/** @throws bad-argument for a token that the tokenizer does not have */
function maskIdOf({ tokenizer, name }: Model<Tensor>, maskToken?: string): number {
  const names = maskToken === undefined ? ["[MASK]", "<mask>", "_"] : [maskToken];
  const id = names.map((token) => tokenizer.tokenToId(token)).find((id) => id !== undefined);
  if (id !== undefined) return id;
  throw new NearfoldError("bad-argument", "no token can stand for a masked one", {
    at: name,
    got: names.join(", "),
    wanted: "a token of its vocabulary, as maskToken",
  });
}
