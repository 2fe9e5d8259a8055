/** What comes after the token vectors: sentence-transformers' Pooling, and the modules that may follow it. */
import { bug } from "../errors.ts";
import type { Value } from "../graph/node.ts";
import { add, layerNorm, relu, sigmoid, tanh } from "../graph/ops/index.ts";
import { activations } from "../nn/activation.ts";
import type { Layout } from "../nn/layout.ts";
import { linear } from "../nn/linear.ts";
import { normalize, type Pooling, type PoolingMode, pool } from "../nn/pooling.ts";
import { scope, type Weights } from "../nn/weights.ts";
import type { Architecture } from "./architecture.ts";

/** How token vectors become the vector of a text: they are pooled, and what they are pooled to goes through the layers in turn. */
export interface Head extends Pooling {
  readonly layers: readonly HeadLayer[];
}

export type HeadLayer = NormalizeLayer | DenseLayer | LayerNormLayer;

/** Divides each vector by its L2 length. */
export interface NormalizeLayer {
  readonly type: "normalize";
}

/** `activation(x Wᵀ + b)`, and with `residual` the input added: as it is, or where the widths differ, through a second matrix. */
export interface DenseLayer {
  readonly type: "dense";
  readonly in: number;
  readonly out: number;
  readonly bias: boolean;
  readonly activation: HeadActivation;
  readonly residual: boolean;
}

/** Layer normalization (arXiv:1607.06450), ε = 1e-5, with scale and shift. */
export interface LayerNormLayer {
  readonly type: "layer-norm";
  readonly width: number;
}

/** The activations of dense layers, by PyTorch's names of their modules. */
export const headActivations = {
  Identity: (x) => x,
  Tanh: tanh,
  ReLU: relu,
  GELU: activations.gelu,
  SiLU: activations.silu,
  Sigmoid: sigmoid,
} as const satisfies Record<string, (x: Value) => Value>;

export type HeadActivation = keyof typeof headActivations;

/** The head that most models have: one pooling, and vectors of length 1 or not. */
export function poolingHead(
  mode: PoolingMode = "mean",
  { normalize = true }: { readonly normalize?: boolean } = {},
): Head {
  const layers: readonly HeadLayer[] = normalize ? [{ type: "normalize" }] : [];
  return { pooling: [mode], includePrompt: true, layers };
}

/** The head of a graph that gives vectors of texts itself. */
export const noHead: Head = { pooling: [], includePrompt: true, layers: [] };

/** The class that sentence-transformers has for a layer. */
const layerModules = {
  normalize: "Normalize",
  dense: "Dense",
  "layer-norm": "LayerNorm",
} as const satisfies Record<HeadLayer["type"], string>;

/** The folder of the layer at an index: its place among all modules, and its class. Its weights are named after it: `2_Dense.linear.weight`. */
export function layerFolder({ module }: Pick<Architecture, "module">, head: Head, index: number) {
  const before = module === "Transformer" ? 2 : 1;
  return `${before + index}_${layerModules[head.layers[index].type]}`;
}

/** The weights without those of the head's layers: what is left when another head takes its place. */
export function withoutHead<Weight>(model: {
  readonly architecture: Pick<Architecture, "module">;
  readonly head: Head;
  readonly weights: ReadonlyMap<string, Weight>;
}): ReadonlyMap<string, Weight> {
  const { architecture, head, weights } = model;
  const folders = head.layers.map((_, i) => `${layerFolder(architecture, head, i)}.`);
  return new Map([...weights].filter(([name]) => !folders.some((at) => name.startsWith(at))));
}

/** The vectors `[B, widthOf]` of token vectors `[T, D]`. */
export function applyHead(
  tokens: Value,
  layout: Layout,
  architecture: Pick<Architecture, "module">,
  head: Head,
  weights: Weights,
): Value {
  return head.layers.reduce(
    (x, layer, i) => applyLayer(x, layer, scope(weights, layerFolder(architecture, head, i))),
    pool(tokens, layout, head.pooling),
  );
}

function applyLayer(x: Value, layer: HeadLayer, weights: Weights): Value {
  if (layer.type === "normalize") return normalize(x);
  const width = x.shape[1] as number;
  const wanted = layer.type === "dense" ? layer.in : layer.width;
  if (wanted !== width) {
    throw bug("a layer of the head is for another width", { got: `${width}`, wanted: `${wanted}` });
  }
  if (layer.type === "layer-norm") {
    const norm = scope(weights, "norm");
    return layerNorm(x, norm("weight", [width]), norm("bias", [width]));
  }
  const { in: from, out, bias, activation, residual } = layer;
  const moved = headActivations[activation](
    linear(x, scope(weights, "linear"), { in: from, out, bias }),
  );
  if (!residual) return moved;
  const shortcut = scope(weights, "residual");
  return add(moved, from === out ? x : linear(x, shortcut, { in: from, out, bias: false }));
}

/** Width of a model's vectors: that of its last dense layer, or else of its token vectors, once for each pooling. */
export function widthOf(model: {
  readonly architecture: Architecture;
  readonly config: unknown;
  readonly head: Head;
}): number {
  const { architecture, config, head } = model;
  const dense = head.layers.findLast((layer) => layer.type === "dense");
  return dense?.out ?? Math.max(head.pooling.length, 1) * architecture.width(config);
}

/** Whether the vectors have length 1, so that those cut to fewer dimensions are to have it too. */
export function isNormalized({ layers }: Head): boolean {
  return layers.at(-1)?.type === "normalize";
}
