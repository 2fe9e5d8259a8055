/** Attributes of nodes: plain values here, one tagged field each in ONNX. */
import { NearfoldError } from "../errors.ts";
import type { Attribute, Graph } from "../graph/node.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { AttributeProto, GraphProto, Int64 } from "./proto.ts";
import { isGraph } from "./subgraph.ts";
import { fromTensorProto, toTensorProto } from "./tensor-proto.ts";

/** `AttributeProto.AttributeType`. */
const kinds = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

/** An empty list of plain numbers or strings is written as INTS: only axes and shapes are ever empty. */
export function toAttributeProto(
  name: string,
  value: Attribute,
  encodeBody: (graph: Graph) => GraphProto,
): AttributeProto {
  if (typeof value === "number") return { name, type: kinds.int, i: value };
  if (typeof value === "string") return { name, type: kinds.string, s: Buffer.from(value) };
  if ("float" in value) return { name, type: kinds.float, f: value.float };
  if ("floats" in value) return { name, type: kinds.floats, floats: value.floats };
  if (isGraph(value)) return { name, type: kinds.graph, g: encodeBody(value) };
  if ("data" in value) return { name, type: kinds.tensor, t: toTensorProto(value as Tensor) };
  const list = value as readonly (number | string)[];
  if (typeof list[0] !== "string") return { name, type: kinds.ints, ints: list as number[] };
  return { name, type: kinds.strings, strings: list.map((text) => Buffer.from(text as string)) };
}

/**
 * @throws unsupported for references to a function's attributes, for lists of tensors or graphs, for types, and for
 * what JavaScript would change: integers past 2^53, strings that are not UTF-8.
 */
export function fromAttributeProto(
  proto: AttributeProto,
  decodeBody: (graph: GraphProto) => Graph,
  at: string,
): Attribute {
  const missing = () =>
    new NearfoldError("bad-input", "an attribute has no value of its type", {
      at,
      got: `type ${proto.type}`,
    });
  if (proto.refAttrName) throw unsupported("a reference to a function's attribute", at);
  switch (proto.type) {
    case kinds.float:
      return { float: shortest(proto.f ?? 0) };
    case kinds.int:
      return integer(proto.i ?? 0, at);
    case kinds.string:
      return text(proto.s ?? new Uint8Array(0), at);
    case kinds.tensor:
      if (!proto.t) throw missing();
      return fromTensorProto(proto.t, at);
    case kinds.graph:
      if (!proto.g) throw missing();
      return decodeBody(proto.g);
    case kinds.floats:
      return { floats: (proto.floats ?? []).map(shortest) };
    case kinds.ints:
      return (proto.ints ?? []).map((x) => integer(x, at));
    case kinds.strings:
      if (!proto.strings?.length) throw unsupported("an empty list of strings", at);
      return proto.strings.map((bytes) => text(bytes, at));
    default:
      throw unsupported(`AttributeProto.AttributeType ${proto.type ?? 0}`, at);
  }
}

function integer(x: Int64, at: string): number {
  const value = Number(x);
  if (!Number.isSafeInteger(value)) throw unsupported(`the integer ${x}`, at);
  return value;
}

/** The shortest decimal that is this float32: 1e-5 as it was written, not 9.999999747378752e-6. */
function shortest(x: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return x;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function text(bytes: Uint8Array, at: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw unsupported("a string that is not UTF-8", at);
  }
}

function unsupported(got: string, at: string): NearfoldError {
  return new NearfoldError("unsupported", "an attribute of a kind that is not handled", {
    at,
    got,
  });
}
