/** What a model's file holds beside the values of its weights, kept so that it can be written again with nothing else changed. */
import { createHash } from "node:crypto";
import { NearfoldError } from "../errors.ts";
import { showType } from "../graph/op.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Initializer, Source } from "./initializer.ts";
import {
  decodeModelProto,
  encodeMessage,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from "./proto.ts";
import { bytesOf } from "./tensor-proto.ts";

export interface ModelSource {
  /** The ModelProto without its initializers. */
  readonly message: Uint8Array;
  /** In the order of the file. */
  readonly initializers: readonly SourceInitializer[];
}

export interface SourceInitializer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The TensorProto without its data. */
  readonly head: Uint8Array;
  /** Absent for a weight: its value may change. */
  readonly value?: Tensor;
}

/** Tensors below so many bytes are copied, or one of them would keep a whole file in memory. */
const COPIED = 2 ** 20;

/**
 * Takes the initializers out of a message. The message that comes back has the others of its fields in an array of their own, so that
 * the file's bytes can go when its weights do.
 */
export function withoutInitializers(model: ModelProto, at: string) {
  const initializers = model.graph?.initializer ?? [];
  if (model.graph) model.graph.initializer = [];
  const message = encodeMessage("ModelProto", model);
  return { message, model: decodeModelProto(message, at), initializers };
}

/** An initializer that was read; from here on its message has no data. */
export function sourceOf(proto: TensorProto, { dtype, shape }: Tensor): SourceInitializer {
  for (const field of dataFields) delete proto[field];
  const head = encodeMessage("TensorProto", proto);
  return { name: proto.name ?? "", dtype, shape, head };
}

const dataFields = [
  "rawData",
  "floatData",
  "doubleData",
  "int32Data",
  "int64Data",
  "uint64Data",
  "externalData",
  "dataLocation",
] as const satisfies readonly (keyof TensorProto)[];

/** A small tensor in memory of its own. */
export function detached(value: Tensor): Tensor {
  if (value.data.byteLength >= COPIED) return value;
  return { ...value, data: value.data.slice() } as Tensor;
}

/**
 * The messages of the file again, and its initializers with these weights.
 * @throws mismatch for a weight that is missing, or of another type than the file's
 */
export function withWeights<S extends Source>(
  { message, initializers }: ModelSource,
  weights: ReadonlyMap<string, S>,
): { model: Model; initializers: Initializer<S | Tensor>[] } {
  const model = decodeModelProto(message, "a model that was read") as Model;
  return {
    model,
    initializers: initializers.map((one) => initializerOf(one, weights.get(one.name) ?? one.value)),
  };
}

type Model = ModelProto & { readonly graph: GraphProto };

function initializerOf<S extends Source>(
  { name, dtype, shape, head }: SourceInitializer,
  source: S | undefined,
): Initializer<S> {
  const fits = source && (typeof source === "function" || isOf(source, dtype, shape));
  if (fits) return { name, dtype, shape, role: "weight", source, head };
  throw new NearfoldError("mismatch", "a weight is not what the file declares", {
    at: name,
    got: source && typeof source !== "function" ? showType(source) : "nothing",
    wanted: showType({ dtype, shape }),
  });
}

const isOf = (value: Tensor, dtype: DType, shape: readonly number[]) =>
  value.dtype === dtype && `${value.shape}` === `${shape}`;

/** SHA-256, in hex, of everything but the weights' values: the same for a file and for what was written of it again. */
export function sourceFingerprint({ message, initializers }: ModelSource): string {
  const hash = createHash("sha256");
  // Each part is preceded by its length, so that no two files run together.
  const add = (part: Uint8Array) => hash.update(`${part.length}:`).update(part);
  add(message);
  for (const { head, value } of initializers) {
    add(head);
    if (value) add(bytesOf(value));
  }
  return hash.digest("hex");
}
