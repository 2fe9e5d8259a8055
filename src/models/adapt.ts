/** The same weights as another embedder: what a language model is given before it is trained to embed. */
import { NearfoldError } from "../errors.ts";
import type { PoolingMode } from "../nn/pooling.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { AttentionKind } from "./architecture.ts";
import { newCard } from "./card.ts";
import { configReader } from "./config.ts";
import { poolingHead, widthOf, withoutHead } from "./head.ts";
import type { Model, Role } from "./model.ts";

export interface AdaptOptions {
  /** Decoders alone have a choice. @default the model's */
  readonly attention?: AttentionKind;
  /** Pools anew, to vectors of unit length; what followed the old pooling is left out. @default the model's */
  readonly pooling?: PoolingMode;
  /** Longer texts are cut, special tokens included. @default the model's */
  readonly maxTokens?: number;
  /** Put before each text of a role: an instruction, for instance. @default the model's */
  readonly prompts?: Partial<Readonly<Record<Role, string>>>;
}

/**
 * Changes how a model reads and pools; its weights are shared with the model given, which is left as it was. Its space is another.
 * @throws bad-argument for an attention that the architecture has no setting for, more tokens than it has positions, or the pooling of a
 * graph that pools by itself
 */
export function adaptModel<W = Tensor<"float32">>(
  model: Model<W>,
  options: AdaptOptions,
): Model<W> {
  const { attention, pooling, maxTokens = model.maxTokens } = options;
  const configJson = attention ? withAttention(model, attention) : model.configJson;
  const config = model.architecture.parseConfig(configReader(configJson, model.name));
  const most = model.architecture.maxTokens(config);
  if (maxTokens > most) {
    const [got, wanted] = [`${maxTokens}`, `at most ${most}`];
    throw new NearfoldError("bad-argument", "the model has fewer positions", {
      at: model.name,
      got,
      wanted,
    });
  }
  if (pooling && model.head.pooling.length === 0) {
    const what = "the model's graph pools by itself";
    throw new NearfoldError("bad-argument", what, { at: model.name, got: pooling });
  }
  const adapted = {
    ...model,
    configJson,
    config,
    maxTokens,
    prompts: { ...model.prompts, ...options.prompts },
    ...(pooling && { head: poolingHead(pooling), weights: withoutHead(model) }),
  };
  const width = widthOf(adapted);
  if (width === model.card.space.dims) return adapted;
  return { ...adapted, card: newCard(width, adapted.prompts, model.card.space.similarity) };
}

function withAttention(
  { architecture, configJson, name }: Model<unknown>,
  attention: AttentionKind,
) {
  if (architecture.withAttention) return architecture.withAttention(configJson, attention);
  const [kind, hint] = architecture.imported
    ? ["a graph that was exported", "It attends as its exporter was told"]
    : [configJson.model_type, "Encoders see both sides already"];
  throw new NearfoldError("bad-argument", "its attention cannot be chosen", {
    at: name,
    got: `${attention}, for ${kind}`,
    wanted: "a decoder",
    hint,
  });
}
