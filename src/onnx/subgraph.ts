/**
 * The bodies of If, Loop and Scan. In ONNX a body may read any value of the graphs around it, by name. Here a body is
 * closed: what it captures comes in as extra inputs of the node, after the op's own, and as inputs `$0`, `$1`, … of the
 * body. So an order by inputs is an order by dependency, and a rewrite of a captured value reaches the body.
 */
import type { Attribute, Graph, Node } from "../graph/node.ts";
import { inputName } from "../graph/node.ts";

const CAPTURE = /^\$(\d+)$/;

/** The name, inside a body, of the node's capture number `index`. */
export function captureName(index: number): string {
  return `$${index}`;
}

/** The number of a capture, from a body's input name; undefined for the body's own inputs. */
export function captureIndex(name: string): number | undefined {
  const found = CAPTURE.exec(name)?.[1];
  return found === undefined ? undefined : Number(found);
}

export function isGraph(attribute: Attribute | undefined): attribute is Graph {
  return typeof attribute === "object" && "outputs" in attribute;
}

/** How many of a node's inputs, the last ones, are captures of its bodies. */
export function captureCount(node: Pick<Node, "attrs">): number {
  const indices = Object.values(node.attrs)
    .filter(isGraph)
    .flatMap((body) => body.inputs.map((value) => captureIndex(inputName(value)) ?? -1));
  return Math.max(-1, ...indices) + 1;
}
