/** The vocabulary: every op the project builds, differentiates and checks, in one table. */
import type { Op } from "../op.ts";
import { blockwise } from "./blockwise.ts";
import { elementwise } from "./elementwise.ts";
import { indexing } from "./indexing.ts";
import { products } from "./matmul.ts";
import { norms } from "./norm.ts";
import { quantized } from "./quantized.ts";
import { reduce } from "./reduce.ts";
import { rotations } from "./rotary.ts";
import { shape } from "./shape.ts";

/** By op name; ONNX Runtime's own ops are named `com.microsoft.NAME`. */
export const ops = {
  ...elementwise,
  ...products,
  ...shape,
  ...reduce,
  ...indexing,
  ...norms,
  ...rotations,
  ...quantized,
  ...blockwise,
} as const satisfies Record<string, Op>;

export type OpName = keyof typeof ops;

/** The table entry of an op, if it has one; others are carried through a graph unchanged. */
export function lookup(domain: string, op: string): Op | undefined {
  const key = domain === "" || domain === "ai.onnx" ? op : `${domain}.${op}`;
  return Object.hasOwn(ops, key) ? ops[key as OpName] : undefined;
}

export * from "./blockwise.ts";
export * from "./elementwise.ts";
export * from "./indexing.ts";
export * from "./matmul.ts";
export * from "./norm.ts";
export * from "./quantized.ts";
export * from "./reduce.ts";
export * from "./rotary.ts";
export * from "./shape.ts";
