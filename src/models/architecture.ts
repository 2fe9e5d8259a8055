import type { Value } from "../graph/node.ts";
import type { BatchKind } from "../nn/batching.ts";
import type { Dropout } from "../nn/dropout.ts";
import type { Layout } from "../nn/layout.ts";
import type { Weights } from "../nn/weights.ts";
import type { ModelSource, Opsets } from "../onnx/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ConfigReader } from "./config.ts";
import type { LayerType } from "./layer-types.ts";

/** Which tokens a token sees: itself and those before it, or both sides. */
export type AttentionKind = "causal" | "bidirectional";

/** The file of a graph that was exported elsewhere. It is saved as it was, with other weights. */
export interface ImportedFile {
  readonly source: ModelSource;
  /** What its ops are meant for. */
  readonly opsets: Opsets;
  /** Its initializers that are no weights, but for those that are part of the graph. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

/** Layers that stand one after the other and have a number in the names of their weights: some can be left out. */
export interface NumberedLayers<Config = unknown> {
  /** What stands before the number: `encoder.layer`. */
  readonly prefix: string;
  /** The fields of config.json that may count them. */
  readonly count: readonly string[];
  /** Weights that all layers read and that lie in the first: they stay there. @default none */
  readonly first?: RegExp;
  /** What each sees, where a config may say so in `layer_types`. @default all see alike */
  readonly types?: (config: Config) => readonly LayerType[];
}

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
  /** How its batches are laid out. */
  readonly batches: BatchKind;
  /** Padded batches are not made longer than this. @default no limit */
  readonly positions?: number;
  /** Tables read by Gather alone, whose gradient the trainer takes as rows; the first is read by token ids. */
  readonly tables: readonly string[];
  /** The module that sentence-transformers has for it; a `StaticEmbedding` is given no special tokens. */
  readonly module: "Transformer" | "StaticEmbedding";
  /** Its layers. @default none that could be left out */
  readonly layers?: NumberedLayers<Config>;
  /** Where its graph is from, if it is imported. */
  readonly imported?: ImportedFile;
  /** Other spellings of names in checkpoints, as patterns and replacements, applied in this order. */
  readonly renames?: readonly (readonly [pattern: RegExp, replacement: string])[];
  /** Tensors that checkpoints hold and the forward pass does not read: kept when the model is saved. */
  readonly kept?: RegExp;
  /** The same, but left out: heads of other tasks, and constants. */
  readonly dropped?: RegExp;
  /** Names under which a checkpoint may hold a weight a second time, and that weight's own name. */
  readonly copies?: (config: Config) => Readonly<Record<string, string>>;
  /**
   * The weight `[V, width]` whose products with a token's vector are the logits of the next token. @default it is no language model
   * @throws unsupported where logits are more than that
   */
  readonly languageHead?: (config: Config) => string;
  /** A config whose tokens see what is before them, or both sides. @default there is no choice */
  readonly withAttention?: (
    config: Readonly<Record<string, unknown>>,
    attention: AttentionKind,
  ) => Readonly<Record<string, unknown>>;
}
