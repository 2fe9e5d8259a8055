import type { Node, Value } from "../graph/node.ts";

/** One fusion: what to use instead of a node's outputs, or undefined where it does not match. */
export interface FusionRule {
  /**
   * @param uses how many nodes (and outputs of the graph) read each value: what others read too has to be computed anyway
   */
  readonly fuse: (node: Node, uses: (value: Value) => number) => readonly Value[] | undefined;
}
