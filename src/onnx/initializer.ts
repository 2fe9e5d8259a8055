/** What an ONNX initializer is to us: a weight, or a constant of the graph. */
import type { DType } from "../tensor/dtype.ts";
import { isFloat } from "../tensor/dtype.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Slice } from "./external.ts";

/** A tensor, or how to get it when it is its turn to be written. */
export type Source = Tensor | (() => Promise<Tensor>);

/** A tensor that a graph's file carries beside the nodes. */
export interface Initializer<S extends Source = Source> {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly role: Role;
  readonly source: S;
  /** Its TensorProto without the data, where it was read from a file. @default made of the above */
  readonly head?: Uint8Array;
}

/** A tensor that lies in a file which is there already: the model only says where. */
export interface Placed {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly place: Slice;
}

/** A weight that a graph's file points to. */
export type PlacedInitializer = Placed & Pick<Initializer, "name" | "role">;

/** A weight is an input of the graph with a value beside it: it can be trained, quantized, shared. */
export type Role = "weight" | "constant";

/** Shapes, axes and small index tables have no more elements. */
const MAX_CONSTANT = 64;

/**
 * The role of an initializer that doesn't say. Small integers are shapes and axes, which shape rules must see; single
 * floats are scales and epsilons, which nobody trains. All else is a weight.
 */
function usualRole(dtype: DType, shape: readonly number[]): Role {
  return sizeOf(shape) <= (isFloat(dtype) ? 1 : MAX_CONSTANT) ? "constant" : "weight";
}

/** The `doc_string` that keeps an unusual role through a file; none for the usual one. */
export function noteOf({
  dtype,
  shape,
  role,
}: Pick<Initializer, "dtype" | "shape" | "role">): string | undefined {
  return role === usualRole(dtype, shape) ? undefined : role;
}

/** The role that a file's `doc_string` states, or the usual one. */
export function roleOf(dtype: DType, shape: readonly number[], note: string | undefined): Role {
  return note === "weight" || note === "constant" ? note : usualRole(dtype, shape);
}
