/**
 * ONNX's messages: the part of onnx.proto that is read or written here
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). protobufjs does the coding.
 */
import protobuf from "protobufjs/light.js";
import { NearfoldError } from "../errors.ts";

/** protobufjs hands 64-bit integers out as this, and takes plain numbers in. */
export type Int64 = number | { toNumber(): number; toString(): string };

interface StringEntry {
  readonly key?: string;
  readonly value?: string;
}

export interface TensorProto {
  dims?: readonly Int64[];
  dataType?: number;
  floatData?: readonly number[];
  int32Data?: readonly number[];
  stringData?: readonly Uint8Array[];
  int64Data?: readonly Int64[];
  name?: string;
  rawData?: Uint8Array;
  doubleData?: readonly number[];
  uint64Data?: readonly Int64[];
  docString?: string;
  externalData?: readonly StringEntry[];
  /** 1: the data is in another file. */
  dataLocation?: number;
}

export interface DimensionProto {
  readonly dimValue?: Int64;
  readonly dimParam?: string;
}

interface TypeProto {
  /** Sequences, maps and the like have other fields, which are not read. */
  readonly tensorType?: {
    readonly elemType?: number;
    readonly shape?: { readonly dim?: readonly DimensionProto[] };
  };
}

export interface ValueInfoProto {
  readonly name?: string;
  readonly type?: TypeProto;
}

export interface AttributeProto {
  readonly name?: string;
  readonly refAttrName?: string;
  readonly type?: number;
  readonly f?: number;
  readonly i?: Int64;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly floats?: readonly number[];
  readonly ints?: readonly Int64[];
  readonly strings?: readonly Uint8Array[];
}

export interface NodeProto {
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly domain?: string;
  readonly attribute?: readonly AttributeProto[];
}

export interface GraphProto {
  readonly node?: readonly NodeProto[];
  readonly name?: string;
  initializer?: readonly TensorProto[];
  readonly sparseInitializer?: readonly unknown[];
  readonly input?: readonly ValueInfoProto[];
  readonly output?: readonly ValueInfoProto[];
  readonly valueInfo?: readonly ValueInfoProto[];
}

export interface ModelProto {
  readonly irVersion?: Int64;
  readonly opsetImport?: readonly { readonly domain?: string; readonly version?: Int64 }[];
  readonly producerName?: string;
  readonly graph?: GraphProto;
  readonly metadataProps?: readonly StringEntry[];
  readonly functions?: readonly unknown[];
}

/** A field: its number, its type, and whether it repeats. `Skipped` is for what only has to be noticed. */
type Field = readonly [id: number, type: string, rule?: "repeated" | "packed"];

const messages: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  ModelProto: {
    irVersion: [1, "int64"],
    producerName: [2, "string"],
    graph: [7, "GraphProto"],
    opsetImport: [8, "OperatorSetIdProto", "repeated"],
    metadataProps: [14, "StringStringEntryProto", "repeated"],
    functions: [25, "Skipped", "repeated"],
  },
  OperatorSetIdProto: { domain: [1, "string"], version: [2, "int64"] },
  StringStringEntryProto: { key: [1, "string"], value: [2, "string"] },
  GraphProto: {
    node: [1, "NodeProto", "repeated"],
    name: [2, "string"],
    initializer: [5, "TensorProto", "repeated"],
    input: [11, "ValueInfoProto", "repeated"],
    output: [12, "ValueInfoProto", "repeated"],
    valueInfo: [13, "ValueInfoProto", "repeated"],
    sparseInitializer: [15, "Skipped", "repeated"],
  },
  NodeProto: {
    input: [1, "string", "repeated"],
    output: [2, "string", "repeated"],
    name: [3, "string"],
    opType: [4, "string"],
    attribute: [5, "AttributeProto", "repeated"],
    domain: [7, "string"],
  },
  AttributeProto: {
    name: [1, "string"],
    f: [2, "float"],
    i: [3, "int64"],
    s: [4, "bytes"],
    t: [5, "TensorProto"],
    g: [6, "GraphProto"],
    floats: [7, "float", "repeated"],
    ints: [8, "int64", "repeated"],
    strings: [9, "bytes", "repeated"],
    type: [20, "int32"],
    refAttrName: [21, "string"],
  },
  TensorProto: {
    dims: [1, "int64", "repeated"],
    dataType: [2, "int32"],
    floatData: [4, "float", "packed"],
    int32Data: [5, "int32", "packed"],
    stringData: [6, "bytes", "repeated"],
    int64Data: [7, "int64", "packed"],
    name: [8, "string"],
    rawData: [9, "bytes"],
    doubleData: [10, "double", "packed"],
    uint64Data: [11, "uint64", "packed"],
    docString: [12, "string"],
    externalData: [13, "StringStringEntryProto", "repeated"],
    dataLocation: [14, "int32"],
  },
  ValueInfoProto: { name: [1, "string"], type: [2, "TypeProto"] },
  TypeProto: { tensorType: [1, "TensorTypeProto"] },
  TensorTypeProto: { elemType: [1, "int32"], shape: [2, "TensorShapeProto"] },
  TensorShapeProto: { dim: [1, "DimensionProto", "repeated"] },
  DimensionProto: { dimValue: [1, "int64"], dimParam: [2, "string"] },
  Skipped: {},
};

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(messages).map(([name, fields]) => [
      name,
      {
        fields: Object.fromEntries(
          Object.entries(fields).map(([field, [id, type, rule]]) => [
            field,
            {
              id,
              type,
              ...(rule && { rule: "repeated", options: { packed: rule === "packed" } }),
            },
          ]),
        ),
      },
    ]),
  ),
});

/** The bytes of a message. */
export function encodeMessage(
  type: "ModelProto" | "GraphProto" | "NodeProto" | "TensorProto",
  message: ModelProto | GraphProto | NodeProto | TensorProto,
): Uint8Array {
  return root.lookupType(type).encode(message).finish();
}

/** What stands before a bytes or message field of `length` bytes: its key and its length. */
export function fieldHeader(message: string, field: string, length: number): Uint8Array {
  const found = messages[message]?.[field] as Field;
  const lengthDelimited = 2;
  return protobuf.Writer.create()
    .uint32((found[0] << 3) | lengthDelimited)
    .uint32(length)
    .finish();
}

/**
 * Reads a ModelProto. Its byte fields are views of `bytes`; fields that are not listed here stay with their message, unread.
 * @throws bad-input when the bytes are no ModelProto.
 */
export function decodeModelProto(bytes: Uint8Array, at: string): ModelProto {
  try {
    // A Buffer over the same memory: protobufjs reads strings from it natively.
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const reader = protobuf.Reader.create(view);
    // What is not read here is written again as it was (source.ts).
    reader.discardUnknown = false;
    return root.lookupType("ModelProto").decode(reader) as unknown as ModelProto;
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : `${cause}`;
    throw new NearfoldError("bad-input", "not an ONNX model, or a truncated one", {
      at,
      got,
      wanted: "a ModelProto",
      cause,
    });
  }
}
