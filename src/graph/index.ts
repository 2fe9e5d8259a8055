/** Graphs: built, differentiated, rewritten, printed. Pure; nothing here runs one fast or reads a file. */
export type { Array64 } from "./array64.ts";
export { type Dim, type Shape, UNKNOWN } from "./dim.ts";
export { type GradientOptions, type Gradients, grad, gradients, type RowGradient } from "./grad.ts";
export {
  type Attribute,
  type Attributes,
  constant,
  type GradientRule,
  type Graph,
  graphOf,
  input,
  type Node,
  scalar,
  type Type,
  topological,
  type Value,
} from "./node.ts";
export type { Op } from "./op.ts";
export * as ops from "./ops/index.ts";
export { print } from "./print.ts";
export { evaluate, toArray64 } from "./reference.ts";
export { type Rewrite, rewrite, share, substitute } from "./rewrite.ts";
export {
  fillDropout,
  fillNormal,
  fillUniform,
  normal,
  type Rng,
  type Stream,
  type StreamOptions,
  sequence,
  shuffle,
  uniform,
} from "./rng.ts";
