/** What the bodies of If, Loop and Scan read from the graphs around them: see `subgraph.ts`. */
import { constantOf, type Graph, input, type Value } from "../graph/node.ts";
import type { GraphProto } from "./proto.ts";
import type { Capture, Scope } from "./scope.ts";
import { captureName } from "./subgraph.ts";

/** Constants of a body's surroundings that are no larger are copied into it, where its shape rules see them. */
const MAX_COPIED = 64;

export interface Captures {
  /** The outer values that the node's bodies read, in the order of their numbers. */
  readonly values: () => readonly Value[];
  readonly readBody: (proto: GraphProto) => Graph;
}

/** Reads a body, whose missing names are looked up by `capture`. */
export type ReadBody = (proto: GraphProto, capture: Capture) => Graph;

/** For the bodies of one node: collects what they capture from `scope`. */
export function makeCaptures(scope: Scope, read: ReadBody): Captures {
  const numbers = new Map<Value, number>();
  const readBody = (proto: GraphProto): Graph => {
    const inner = new Map<Value, Value>();
    const capture = (name: string): Value | undefined => {
      const outer = scope.find(name);
      const constant = constantOf(outer);
      if (!outer || (constant && constant.data.length <= MAX_COPIED)) return outer;
      const number = numbers.get(outer) ?? numbers.size;
      numbers.set(outer, number);
      const value = inner.get(outer) ?? input(captureName(number), outer.dtype, outer.shape);
      inner.set(outer, value);
      return value;
    };
    const body = read(proto, capture);
    return { inputs: [...body.inputs, ...inner.values()], outputs: body.outputs };
  };
  return { readBody, values: () => [...numbers.keys()] };
}
