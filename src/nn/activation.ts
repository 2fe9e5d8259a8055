import type { Value } from "../graph/node.ts";
import { gelu, relu, sigmoid, silu, tanh } from "../graph/ops/index.ts";

const geluTanh = (x: Value) => gelu(x, { tanh: true });

/** Activations by the names that configs have for them (transformers' activations.py). */
export const activations = {
  gelu: (x) => gelu(x),
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
  silu: (x) => silu(x),
  swish: (x) => silu(x),
  tanh,
  sigmoid,
} as const satisfies Record<string, (x: Value) => Value>;

export type Activation = keyof typeof activations;

export const activationNames = Object.keys(activations) as readonly Activation[];
