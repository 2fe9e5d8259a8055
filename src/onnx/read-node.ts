/** NodeProto → node. */
import { NearfoldError } from "../errors.ts";
import { tryInfer } from "../graph/infer.ts";
import {
  type Attributes,
  constant,
  type Graph,
  makeNode,
  type Type,
  type Value,
} from "../graph/node.ts";
import { ABSENT } from "../graph/unknown-type.ts";
import { floats, longs, type Tensor } from "../tensor/tensor.ts";
import { fromAttributeProto } from "./attribute.ts";
import { makeCaptures, type ReadBody } from "./captures.ts";
import { givenName } from "./names.ts";
import { domainOf } from "./opset.ts";
import type { GraphProto, NodeProto } from "./proto.ts";
import type { Reader, Scope } from "./scope.ts";
import { mergeTypes } from "./type-proto.ts";
import { type RawNode, upgrade } from "./upgrade.ts";

/**
 * Makes a node and defines its outputs.
 * @throws bad-input for a node that names no op, no output or a domain that the model does not import.
 */
export function readNode(proto: NodeProto, scope: Scope, reader: Reader, readBody: ReadBody): void {
  const op = proto.opType ?? "";
  const domain = domainOf(proto.domain);
  const outputs = namesOf(proto.output);
  const at = `${reader.at}, node ${proto.name || outputs[0] || op} (${op})`;
  const version = reader.opsets.get(domain);
  if (op === "" || outputs.length === 0 || version === undefined) {
    throw new NearfoldError("bad-input", "a node that makes no sense", {
      at,
      wanted: "an op, an output, and a domain that the model imports",
    });
  }
  // These two names mean something else in our graphs.
  if (op === "Input" || (op === "Constant" && domain !== "")) {
    throw new NearfoldError("unsupported", "an op of this name", { at, got: `${domain}.${op}` });
  }
  const captures = makeCaptures(scope, readBody);
  const attrs = readAttributes(proto, captures.readBody, at);
  if (op === "Constant") {
    scope.define(
      outputs[0] as string,
      constant(constantValue(attrs, at), givenName(op, proto.name)),
    );
    return;
  }
  const own = (proto.input ?? []).map((name) =>
    name === "" ? undefined : scope.resolve(name, at),
  );
  const raw = { op, inputs: [...own, ...captures.values()], attrs, outputs: outputs.length };
  const upgraded = domain === "" ? upgrade(raw, version, at) : { node: raw, opset: version };
  reader.needs.set(domain, Math.max(reader.needs.get(domain) ?? 0, upgraded.opset));
  const types = outputTypes(domain, upgraded.node, outputs, scope);
  const node = makeNode({ ...upgraded.node, domain, types, name: givenName(op, proto.name) });
  outputs.forEach((name, index) => {
    if (name !== "") scope.define(name, node.outputs[index] as Value);
  });
}

/** Trailing empty names say nothing. */
function namesOf(names: readonly string[] = []): readonly string[] {
  return names.slice(0, names.findLastIndex((name) => name !== "") + 1);
}

function readAttributes(
  proto: NodeProto,
  readBody: (graph: GraphProto) => Graph,
  at: string,
): Attributes {
  const names = new Set<string>();
  const entries = (proto.attribute ?? []).map((attribute) => {
    const { name = "" } = attribute;
    if (name === "" || names.has(name)) {
      throw new NearfoldError("bad-input", "an attribute without a name, or twice", {
        at,
        got: name,
      });
    }
    names.add(name);
    return [name, fromAttributeProto(attribute, readBody, `${at}, ${name}`)] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * Types of the outputs. The rule of an op may know of more outputs than the file lists: they stay, since the gradient
 * of the op may read them.
 */
function outputTypes(
  domain: string,
  node: RawNode,
  names: readonly string[],
  { declared }: Scope,
): Type[] {
  const inferred = tryInfer({ ...node, domain }) ?? [];
  return Array.from({ length: Math.max(names.length, inferred.length) }, (_, index) => {
    const name = names[index] ?? "";
    if (name === "" && !inferred[index]) return ABSENT;
    return mergeTypes(inferred[index], declared.get(name));
  });
}

/** The tensor of a Constant node, which has six ways to state it. */
function constantValue(attrs: Attributes, at: string): Tensor {
  const entries = Object.entries(attrs);
  const [kind, value] = entries[0] ?? [];
  if (entries.length === 1 && value !== undefined && typeof value !== "string") {
    if (kind === "value" && isTensor(value)) return value;
    if (kind === "value_int" && typeof value === "number") return longs([value], []);
    if (kind === "value_float" && isFloat(value)) return floats([value.float], []);
    if (kind === "value_ints" && isNumbers(value)) return longs(value);
    if (kind === "value_floats" && isFloats(value)) return floats(value.floats);
  }
  throw new NearfoldError("unsupported", "a Constant that is not one tensor or number", {
    at,
    got: Object.keys(attrs).join(", "),
  });
}

const isTensor = (value: object | number): value is Tensor =>
  typeof value === "object" && "data" in value;
const isFloat = (value: object | number): value is { float: number } =>
  typeof value === "object" && "float" in value;
const isFloats = (value: object | number): value is { floats: readonly number[] } =>
  typeof value === "object" && "floats" in value;
const isNumbers = (value: object | number): value is readonly number[] =>
  Array.isArray(value) && value.every((item) => typeof item === "number");
