import { productBias } from "./product-bias.ts";
import type { FusionRule } from "./rule.ts";
import { skipLayerNorm } from "./skip-layer-norm.ts";

/** What is fused where a graph only serves, in this order. Adding one: a file, a line here, and a line in `fuse.test.ts`. */
export const fusionRules = {
  "product-bias": productBias,
  "skip-layer-norm": skipLayerNorm,
} as const satisfies Record<string, FusionRule>;
