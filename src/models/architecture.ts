import type { Value } from "../graph/node.ts";
import type { Dropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import type { Weights } from "../nn/weights.ts";
import type { ConfigReader } from "./config.ts";

/** What a kind of text model is: how its config is read, and how token ids become token vectors. */
export interface Architecture<Config = unknown> {
  readonly parseConfig: (read: ConfigReader) => Config;
  /** Token vectors `[T, width]` of a batch, in the checkpoint's own names of weights. */
  readonly forward: (config: Config, weights: Weights, layout: Layout, dropout: Dropout) => Value;
  /** Width of a token vector. */
  readonly width: (config: Config) => number;
  /** The longest sequence, special tokens included; Infinity where nothing limits it. */
  readonly maxTokens: (config: Config) => number;
  readonly vocabSize: (config: Config) => number;
  /** The table of token embeddings: the trainer writes its gradient as rows. */
  readonly tables: readonly string[];
  /** A prefix that some checkpoints put before every name (`bert.`, when saved with a head). */
  readonly prefix?: string;
}
