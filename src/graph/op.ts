/** What an op's one table entry says, and how an entry makes a node. */
import { NearfoldError } from "../errors.ts";
import type { Array64 } from "./array64.ts";
import {
  type Attributes,
  type GradientRule,
  makeNode,
  type Node,
  type Type,
  type Value,
} from "./node.ts";

/** No gradient, and why: an integer output, a step function, a shape. */
export interface NoGradient {
  readonly none: string;
}

export const none = (why: string): NoGradient => ({ none: why });

export interface Op {
  /** @default "" ONNX's own domain */
  readonly domain?: "com.microsoft";
  /** The lowest opset of the domain that has the op in the form used here. */
  readonly since: number;
  /** Dtype and shape of each output. Throws `bad-argument` on inputs that don't fit. */
  readonly infer: (inputs: Inputs, attrs: Attributes) => readonly Type[];
  readonly grad: GradientRule | NoGradient;
  /** The op in float64, by plain loops: what every fast path is compared with. */
  readonly eval: (inputs: readonly Array64[], attrs: Attributes, node: Node) => readonly Array64[];
}

export type Inputs = readonly Value[];

/** Applies an op: infers the types of its outputs and makes the node. */
export function applyAll(
  op: string,
  entry: Op,
  inputs: readonly (Value | undefined)[],
  attrs: Attributes = {},
  gradient?: GradientRule,
): readonly Value[] {
  const types = entry.infer(inputs as Inputs, attrs);
  return makeNode({ op, domain: entry.domain ?? "", inputs, attrs, types, gradient }).outputs;
}

/** As `applyAll`, for the ops with one output. */
export function apply(...args: Parameters<typeof applyAll>): Value {
  return applyAll(...args)[0] as Value;
}

/** The error of an infer rule: inputs that don't fit the op. */
export function misfit(op: string, got: string, wanted: string): NearfoldError {
  return new NearfoldError("bad-argument", `${op} does not take these inputs`, { got, wanted });
}

/** `float32[T,384]`, as people read a type. */
export function showType({ dtype, shape }: Type): string {
  return `${dtype}[${shape.join(",")}]`;
}
