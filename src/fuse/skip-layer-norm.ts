import { isInput, type Node, type Value } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import { norms } from "../graph/ops/index.ts";
import type { FusionRule } from "./rule.ts";

/** `LayerNormalization(x + bias + skip)` -> `SkipLayerNormalization(x, skip, …, bias)`: the sums are never written down. The bias may be missing. */
export const skipLayerNorm: FusionRule = {
  fuse: ({ op, inputs, attrs, outputs }, uses) => {
    const [sum, scale, beta] = inputs;
    if (op !== "LayerNormalization" || !sum || !scale || !beta || !isSum(sum.node)) return;
    const [x, skip] = sum.node.inputs as [Value, Value];
    const statistics = outputs.slice(1).some((value) => uses(value) > 0);
    const alike = x.shape.length === 2 && `${x.shape}` === `${skip.shape}`;
    if (statistics || uses(sum) > 1 || !alike) return;
    const [rows, bias] = uses(x) > 1 ? [x] : withoutBias(x);
    const { epsilon } = attrs;
    const fused = apply(
      "SkipLayerNormalization",
      norms["com.microsoft.SkipLayerNormalization"],
      [rows, skip, scale, beta, bias],
      { ...(epsilon && { epsilon }) },
    );
    return [fused, ...outputs.slice(1)];
  },
};

/** The two parts of `rows + bias`; of anything else, itself. */
function withoutBias(x: Value): [Value] | [Value, Value] {
  const [rows, bias] = x.node.inputs;
  const width = x.shape.at(-1);
  const fits = isSum(x.node) && rows && bias && isInput(bias) && `${bias.shape}` === `${[width]}`;
  return fits && `${rows.shape}` === `${x.shape}` ? [rows, bias] : [x];
}

function isSum({ op, domain }: Node): boolean {
  return op === "Add" && domain === "";
}
