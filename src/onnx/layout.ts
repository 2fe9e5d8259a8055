/** A model's file as a list of pieces: tensors are left where they lie until their turn to be written. */
import { bug, NearfoldError } from "../errors.ts";
import { dtypes } from "../tensor/dtype.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { checkLocation, type Slice } from "./external.ts";
import { type Initializer, noteOf, type PlacedInitializer, type Source } from "./initializer.ts";
import { encodeMessage, fieldHeader, type GraphProto, type ModelProto } from "./proto.ts";
import { bytesOf } from "./tensor-proto.ts";

/** Bytes, or a tensor that stands for its bytes. */
export type Piece<S extends Source = Source> = Uint8Array | Initializer<S>;

export interface Layout<S extends Source = Source> {
  readonly model: readonly Piece<S>[];
  /** The side file's pieces, when there is one. */
  readonly external?: readonly Piece<S>[];
}

/** Protocol buffers end here. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Tensors of fewer bytes stay in the model's own file: onnx's tools do the same. */
const MIN_EXTERNAL_BYTES = 1024;

/** A page: the side file can be mapped into memory. */
const ALIGNMENT = 4096;

export interface LayoutOptions {
  /** Large tensors go to this file beside the model's. @default none do */
  readonly location?: string | undefined;
  /** Tensors that are only referred to. @default none */
  readonly placed?: readonly PlacedInitializer[];
}

/**
 * Lays out a model whose graph message has no initializers yet.
 * @throws too-large when the model's own file would pass 2 GB, bad-input for a location outside the model's folder.
 */
export function layOut<S extends Source>(
  model: ModelProto & { readonly graph: GraphProto },
  initializers: readonly Initializer<S>[],
  { location, placed = [] }: LayoutOptions = {},
): Layout<S> {
  if (location !== undefined) checkLocation(location, "externalData");
  const { graph } = model;
  const inside: Piece<S>[] = [encodeMessage("GraphProto", graph)];
  const external: Piece<S>[] = [];
  let end = 0;
  for (const initializer of initializers) {
    const length = byteLength(initializer);
    if (location === undefined || length < MIN_EXTERNAL_BYTES) {
      inside.push(...inline(initializer));
      continue;
    }
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    external.push(new Uint8Array(offset - end), initializer);
    end = offset + length;
    inside.push(...reference(initializer, { location, offset, length }));
  }
  for (const initializer of placed) {
    checkLocation(initializer.place.location, initializer.name);
    inside.push(...reference(initializer, initializer.place));
  }
  const size = totalLength(inside);
  if (size > MAX_MODEL_BYTES) {
    throw new NearfoldError("too-large", "a model of more than 2 GB must keep its weights aside", {
      got: `${size} bytes`,
      hint: "Give externalData a location",
    });
  }
  const header = fieldHeader("ModelProto", "graph", size);
  const pieces = [encodeMessage("ModelProto", withoutGraph(model)), header, ...inside];
  return { model: pieces, ...(external.length > 0 && { external }) };
}

/** Bytes of a piece when it is written. */
function byteLength(piece: Piece): number {
  if (piece instanceof Uint8Array) return piece.length;
  return sizeOf(piece.shape) * dtypes[piece.dtype].bytes;
}

export function totalLength(pieces: readonly Piece[]): number {
  return pieces.reduce((total, piece) => total + byteLength(piece), 0);
}

/** A spread would lose the fields that were not read: they are not enumerable. */
function withoutGraph(model: ModelProto): ModelProto {
  const { graph: _, ...descriptors } = Object.getOwnPropertyDescriptors(model);
  return Object.defineProperties({}, descriptors);
}

/** The message without its data; the reader takes the fields in any order. */
function headOf(initializer: Omit<Initializer, "source">): Uint8Array {
  const { name, dtype, shape, head } = initializer;
  if (head) return head;
  const note = noteOf(initializer);
  return encodeMessage("TensorProto", {
    name,
    dims: shape,
    dataType: dtypes[dtype].onnx,
    ...(note !== undefined && { docString: note }),
  });
}

function inline<S extends Source>(initializer: Initializer<S>): Piece<S>[] {
  const head = headOf(initializer);
  const length = byteLength(initializer);
  const data = fieldHeader("TensorProto", "rawData", length);
  const size = head.length + data.length + length;
  return [fieldHeader("GraphProto", "initializer", size), head, data, initializer];
}

function reference(
  initializer: Omit<Initializer, "source">,
  { location, offset, length }: Slice,
): Uint8Array[] {
  const externalData = Object.entries({ location, offset, length }).map(([key, value]) => ({
    key,
    value: `${value}`,
  }));
  const head = headOf(initializer);
  const bytes = encodeMessage("TensorProto", { externalData, dataLocation: 1 });
  return [fieldHeader("GraphProto", "initializer", head.length + bytes.length), head, bytes];
}

/** The bytes of a piece whose tensor is at hand. */
function bytesOfPiece(piece: Piece<Tensor>): Uint8Array {
  return piece instanceof Uint8Array ? piece : bytesOf(piece.source);
}

/** As `bytesOfPiece`, for a tensor that is fetched only now: it must be what was announced. */
export async function fetchPiece(piece: Piece): Promise<Uint8Array> {
  if (piece instanceof Uint8Array) return piece;
  const { source, name, dtype, shape } = piece;
  const value = typeof source === "function" ? await source() : source;
  if (value.dtype !== dtype || `${value.shape}` !== `${shape}`) {
    throw new NearfoldError("mismatch", "a weight is not what the graph declares", {
      at: name,
      got: `${value.dtype}[${value.shape}]`,
      wanted: `${dtype}[${shape}]`,
    });
  }
  return bytesOf(value);
}

/** All pieces in one array: one copy of each byte. */
export function join(pieces: readonly Piece<Tensor>[]): Uint8Array {
  const out = new Uint8Array(totalLength(pieces));
  let end = 0;
  for (const piece of pieces) {
    const bytes = bytesOfPiece(piece);
    out.set(bytes, end);
    end += bytes.length;
  }
  if (end !== out.length) throw bug("a tensor is not as long as its shape says");
  return out;
}
