import type { Value } from "../graph/node.ts";
import { gelu, mul, relu, sigmoid, tanh } from "../graph/ops/index.ts";

const geluTanh = (x: Value) => gelu(x, { tanh: true });
/** x · sigmoid(x) (arXiv:1702.03118), also called swish. */
const silu = (x: Value) => mul(x, sigmoid(x));

/** Activations by the names that configs have for them (transformers' activations.py). */
export const activations = {
  gelu: (x) => gelu(x),
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
  silu,
  swish: silu,
  tanh,
  sigmoid,
} as const satisfies Record<string, (x: Value) => Value>;

export type Activation = keyof typeof activations;

export const activationNames = Object.keys(activations) as readonly Activation[];
