/** Rewrites for graphs that only serve: the same values by fewer passes. They have no gradient, and ONNX Runtime alone has their operators, so no graph is saved so. */
import { topological, type Value } from "../graph/node.ts";
import { rewrite } from "../graph/rewrite.ts";
import type { FusionRule } from "./rule.ts";
import { fusionRules } from "./rules.ts";

/** The values, with every place fused that a rule matches. @param rules @default all */
export function fuse(
  values: readonly Value[],
  rules: readonly FusionRule[] = Object.values(fusionRules),
): Value[] {
  return rules.reduce<Value[]>(
    (rewritten, rule) => {
      const uses = countUses(rewritten);
      // Counted before anything is rewritten: the readers of a value are those of the node that it was.
      return rewriteBy(rewritten, rule, uses);
    },
    [...values],
  );
}

function rewriteBy(
  values: readonly Value[],
  { fuse: rule }: FusionRule,
  uses: ReadonlyMap<Value, number>,
): Value[] {
  const before = new Map<Value, Value>();
  return rewrite(values, (node, original) => {
    node.outputs.forEach((output, i) => {
      before.set(output, original.outputs[i]);
    });
    const found = rule(node, (value) => uses.get(before.get(value) ?? value) ?? 0);
    found?.forEach((output, i) => {
      before.set(output, original.outputs[i]);
    });
    return found;
  });
}

function countUses(values: readonly Value[]): Map<Value, number> {
  const uses = new Map<Value, number>();
  const read = (value: Value | undefined) => value && uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of topological(values)) node.inputs.forEach(read);
  values.forEach(read);
  return uses;
}
