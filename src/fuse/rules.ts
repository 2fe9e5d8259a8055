import { productBias } from "./product-bias.ts";
import type { FusionRule } from "./rule.ts";

/**
 * What is fused where a graph only serves, in this order. Adding one: a file, a line here, and a line in `fuse.test.ts`.
 *
 * Tried and left out, on abstracts by MiniLM, two threads: a residual and its norm as one `SkipLayerNormalization` (62 texts a second became 51 in int8-static, 29 became 27 in float32, and
 * its variance is less exact); `FastGelu` for `Gelu` (53.5 became 55.4, and vectors moved by 0.01); `MultiHeadAttention`, of which only the form without a mask was faster.
 */
export const fusionRules = {
  "product-bias": productBias,
} as const satisfies Record<string, FusionRule>;
