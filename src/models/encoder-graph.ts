import type { Value } from "../graph/node.ts";
import { counterDropout, noDropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import { weightInputs } from "../nn/weights.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Architecture } from "./architecture.ts";
import { applyHead, type Head } from "./head.ts";

export interface EncoderGraph {
  /** `[T, D]`. */
  readonly tokens: Value;
  /** `[B, widthOf]`. */
  readonly embeddings: Value;
  /** The graph inputs that are weights, by name, in the order of their first use. */
  readonly weights: ReadonlyMap<string, Value>;
}

interface EncoderGraphOptions {
  /** Apply the config's dropout. @default false */
  readonly dropout?: boolean;
  /** What each weight is stored as; it is read as float32. @default float32 */
  readonly dtypeOf?: (name: string) => DType;
}

/** The graph from a batch to its vectors, over whichever layout the batch comes in. */
export function encoderGraph(
  architecture: Architecture,
  config: unknown,
  head: Head,
  layout: Layout,
  { dropout = false, dtypeOf }: EncoderGraphOptions = {},
): EncoderGraph {
  const { weights, all } = weightInputs(dtypeOf);
  const drop = dropout ? counterDropout(layout) : noDropout;
  const tokens = architecture.forward(config, weights, layout, drop);
  const embeddings = applyHead(tokens, layout, architecture, head, weights);
  return { tokens, embeddings, weights: all };
}
