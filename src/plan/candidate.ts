/** What could be served: a body, how its weights are held, how its vectors are kept. */
import type { VectorScheme } from "../vectors/index.ts";

/** A model whose weights are floats: the one that is given, or a student of it. */
export interface Body {
  /** Of its folder: "given", "layers-3", "static". */
  readonly name: string;
  /** For people: "3 of 6 layers". */
  readonly about: string;
  /** What `nearfold distill` is told besides the data. @default it is the model that is given */
  readonly student?: readonly string[];
  /** Share of the given model's layers that a token passes. */
  readonly share: number;
  /** Dimensions that its vectors may be cut to, all of them first. */
  readonly widths: readonly number[];
}

/** How the weights of a body are held. */
export interface WeightChoice {
  readonly name: string;
  /** Bytes of a weight of a linear layer, at least. */
  readonly bytes: number;
  /** What `nearfold quantize` is told. @default they stay float32 */
  readonly quantize?: readonly string[];
  /** It differs from others in linear layers alone. @default false */
  readonly layersOnly?: boolean;
}

/** What has a folder and is opened as one model. */
export interface Backbone {
  /** Of its folder: "layers-3-int8". */
  readonly name: string;
  readonly body: Body;
  readonly weights: WeightChoice;
}

export interface Candidate {
  /** "layers-3-int8 int8@128". */
  readonly id: string;
  readonly backbone: Backbone;
  readonly scheme: VectorScheme;
  /** The scheme as `nearfold index --vectors` takes it. */
  readonly vectors: string;
  /** Of a vector, all that is kept of it. */
  readonly bytes: number;
}

/** What was not tried, and why. */
export interface LeftOut {
  readonly what: string;
  readonly why: string;
}

/** A candidate in words: "3 of 6 layers, int8, vectors int8@128". */
export function describeCandidate({ backbone, vectors }: Pick<Candidate, "backbone" | "vectors">) {
  return `${describeBackbone(backbone)}, vectors ${vectors}`;
}

/** "3 of 6 layers, int8". */
export function describeBackbone({ body, weights }: Pick<Backbone, "body" | "weights">): string {
  return `${body.about}, ${weights.name}`;
}
