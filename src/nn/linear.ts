import type { Value } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import { matmul, products } from "../graph/ops/matmul.ts";
import type { Weights } from "./weights.ts";

interface LinearOptions {
  readonly in: number;
  readonly out: number;
  /** @default true */
  readonly bias?: boolean;
}

/** `x Wᵀ + b`: `[T, in] -> [T, out]`; weight `[out, in]` and bias `[out]`, as PyTorch stores them. */
export function linear(
  x: Value,
  weights: Weights,
  { in: width, out, bias = true }: LinearOptions,
): Value {
  const weight = weights("weight", [out, width]);
  if (!bias) return matmul(x, weight, { transB: true });
  return apply("Gemm", products.Gemm, [x, weight, weights("bias", [out])], { transB: 1 });
}
