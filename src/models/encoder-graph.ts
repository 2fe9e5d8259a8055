import type { Value } from "../graph/node.ts";
import { counterDropout, noDropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import { normalize, type PoolingMode, pool } from "../nn/pooling.ts";
import { weightInputs } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";

/** What turns token vectors into the vector of a text. */
export interface Head {
  readonly pooling: PoolingMode;
  /** Divide each vector by its L2 length. */
  readonly normalize: boolean;
}

export interface EncoderGraph {
  /** `[T, D]`. */
  readonly tokens: Value;
  /** `[B, D]`. */
  readonly embeddings: Value;
  /** The graph inputs that are weights, by name, in the order of their first use. */
  readonly weights: ReadonlyMap<string, Value>;
}

/** The graph from a batch to its vectors, over whichever layout the batch comes in. */
export function encoderGraph(
  architecture: Architecture,
  config: unknown,
  head: Head,
  layout: Layout,
  { dropout = false }: { readonly dropout?: boolean } = {},
): EncoderGraph {
  const { weights, all } = weightInputs();
  const drop = dropout ? counterDropout(layout) : noDropout;
  const tokens = architecture.forward(config, weights, layout, drop);
  const pooled = pool(tokens, layout, head.pooling);
  return { tokens, embeddings: head.normalize ? normalize(pooled) : pooled, weights: all };
}
