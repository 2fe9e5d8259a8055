import { NearfoldError } from "../errors.ts";
import type { WeightFormats } from "../nn/weight-format.ts";
import type { Fit, Space } from "../space.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { Adapter } from "./adapter.ts";
import type { Architecture } from "./architecture.ts";
import type { Head } from "./head.ts";

/** What a text is to a search: prompts differ by it. */
export type Role = "query" | "document";

/** A weight in memory, or where it lies; codes and scales are their own tensors, as `WeightFormat.parts` names them. */
export type Weight = Tensor | StoredTensor;

/** What makes a text's vector: a tokenizer, an architecture with its weights, a head. */
export interface Tower<Weight = Tensor<"float32">> {
  readonly architecture: Architecture;
  /** As the architecture parsed it. */
  readonly config: unknown;
  /** `config.json` as it stands, fields we do not read among them. */
  readonly configJson: Readonly<Record<string, unknown>>;
  readonly head: Head;
  readonly tokenizer: Tokenizer;
  /** Longer texts are cut to so many tokens, special tokens included. */
  readonly maxTokens: number;
  /** By the checkpoint's names, those of the head by its folders'; also those that the forward pass does not read (a pooler). */
  readonly weights: ReadonlyMap<string, Weight>;
  /** How weights are held that are no floats. @default all are floats */
  readonly formats?: WeightFormats;
}

/** A text model: everything its folder holds. Its weights are in memory, or as `Model<Weight>` where they lie on disk. */
export interface Model<Weight = Tensor<"float32">> extends Tower<Weight> {
  /** Its folder's name, or what made it; for messages. */
  readonly name: string;
  /** Put before each text of a role. */
  readonly prompts: Readonly<Record<Role, string>>;
  /** Where queries have a tower of their own (sentence-transformers' Router): their vectors lie in the same space. */
  readonly queryTower?: Tower<Weight>;
  /** The low-rank adaptation that the weights came by: they hold it already. */
  readonly adapter?: Adapter;
  readonly card: Card;
}

/** @throws unsupported for a model whose weights are codes; `done` is what cannot be done to it */
export function requireFloats(model: Model<unknown>, done: string): void {
  if (!model.formats && !model.queryTower?.formats) return;
  const what = `a quantized model cannot be ${done}`;
  const hint =
    "It can embed, and adapters can be trained beside it (--lora). Take the model that it was made of";
  throw new NearfoldError("unsupported", what, { at: model.name, hint });
}

/** @throws unsupported for a model of two towers; `done` is what cannot be done to it */
export function requireOneTower({ name, queryTower }: Model<unknown>, done: string): void {
  if (!queryTower) return;
  const what = `a model with a tower of its own for queries (a Router) cannot be ${done}`;
  throw new NearfoldError("unsupported", what, { at: name, hint: "It can embed" });
}

/** What `nearfold.json` records. */
export interface Card {
  /** Of this file's layout. */
  readonly version: 1;
  /** Dimensions a vector may be cut to, the full width first; trained for by Matryoshka when there are several. */
  readonly dims: readonly number[];
  readonly prompts: Readonly<Record<Role, string>>;
  readonly space: Space;
  /** Whose space it was fitted to; absent for any other. */
  readonly fitted?: FittedWeights;
  readonly lineage: Lineage;
}

/** What was measured is true of the weights that it was measured with. */
export interface FittedWeights extends Fit {
  /** The id of their own space. */
  readonly of: string;
}

/** Where a model comes from. */
export interface Lineage {
  /** The model it was adapted from; absent for one trained from nothing. */
  readonly base?: string;
  /** The models whose weights it is a mixture of; absent for any other. */
  readonly merged?: Merge;
  readonly data: readonly DataRecord[];
  /** The loss and its options, as text. */
  readonly losses: readonly string[];
  readonly seed?: number;
  /** Of the training: steps, batch size, learning rate and the like. */
  readonly training?: Readonly<Record<string, number | string | boolean>>;
  /** Versions of what made it: nearfold, onnxruntime-node, node. */
  readonly versions: Readonly<Record<string, string>>;
  /** Figures measured when it was saved. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** How several checkpoints became one. */
export interface Merge {
  /** "soup", "greedy soup", "slerp". */
  readonly method: string;
  readonly models: readonly MergedModel[];
}

export interface MergedModel {
  readonly name: string;
  /** The id of its space. */
  readonly space: string;
  /** Its share; all of them make 1. */
  readonly weight: number;
}

export interface DataRecord {
  readonly name: string;
  readonly rows: number;
  readonly sha256: string;
  readonly licence?: string;
}
