/** GraphProto → values and nodes, for a model's graph and for the bodies inside it. */
import { NearfoldError } from "../errors.ts";
import { constant, type Graph, input, type Type, type Value } from "../graph/node.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ReadBody } from "./captures.ts";
import { makeNames } from "./names.ts";
import type { GraphProto, TensorProto, ValueInfoProto } from "./proto.ts";
import { readNode } from "./read-node.ts";
import { type Capture, makeScope, type Reader, type Scope } from "./scope.ts";
import { captureIndex } from "./subgraph.ts";
import { fromTensorProto } from "./tensor-proto.ts";
import { fromValueInfo } from "./type-proto.ts";

export interface Surroundings {
  /** What an initializer becomes. */
  readonly store: (name: string, value: Tensor, proto: TensorProto) => Value;
  /** A name that the graph does not define, looked up around it; bodies only. */
  readonly capture?: Capture;
}

/**
 * A graph, with the inputs that the file lists (those that have an initializer excepted) and its outputs.
 * @throws bad-input for names that are missing, repeated or used before they are made (a cycle is that too).
 */
export function readGraph(proto: GraphProto, reader: Reader, around: Surroundings): Graph {
  if (proto.sparseInitializer?.length) {
    throw new NearfoldError("unsupported", "sparse initializers are not handled", {
      at: reader.at,
    });
  }
  const scope = makeScope(proto, reader.at, around.capture);
  const initialized = new Set<string>();
  for (const tensor of proto.initializer ?? []) {
    const name = tensor.name ?? "";
    const value = fromTensorProto(tensor, `${reader.at}, initializer ${name}`);
    scope.define(name, around.store(name, value, tensor));
    initialized.add(name);
  }
  const inputs = (proto.input ?? [])
    .filter(({ name = "" }) => !initialized.has(name))
    .map((info) => readInput(info, scope, reader.at));
  const readBody: ReadBody = (body, capture) =>
    readGraph(body, reader, { capture, store: (_, value) => constant(value) });
  for (const node of proto.node ?? []) readNode(node, scope, reader, readBody);
  return { inputs, outputs: readOutputs(proto, scope, reader.at, around.capture !== undefined) };
}

function readInput(info: ValueInfoProto, scope: Scope, at: string): Value {
  const { name = "" } = info;
  const type = typeOf(info, "an input", at);
  // Captures are named so; a body's own inputs go by position, so another name does no harm.
  const value = input(captureIndex(name) === undefined ? name : `_${name}`, type.dtype, type.shape);
  scope.define(name, value);
  return value;
}

function typeOf(info: ValueInfoProto, what: string, at: string): Type {
  const type = fromValueInfo(info);
  if (type) return type;
  throw new NearfoldError("unsupported", `${what} that is no tensor of a known dtype`, {
    at,
    got: info.name ?? "",
  });
}

/** A body's outputs go by position: their names may repeat, and must not be numbers, which objects put first. */
function readOutputs(
  proto: GraphProto,
  scope: Scope,
  at: string,
  isBody: boolean,
): Readonly<Record<string, Value>> {
  const { unique, reserve } = makeNames();
  const outputs = (proto.output ?? []).map((info): [string, Value] => {
    const { name = "" } = info;
    if (info.type) typeOf(info, "an output", at);
    const value = scope.resolve(name, at);
    if (isBody) return [unique(/^\d+$/.test(name) ? `_${name}` : name), value];
    if (reserve(name)) return [name, value];
    throw new NearfoldError("bad-input", "two outputs share a name", { at, got: name });
  });
  if (outputs.length > 0) return Object.fromEntries(outputs);
  throw new NearfoldError("bad-input", "a graph without outputs", { at });
}
