/** Types of imported values of which the file does not say everything: marks in the place of a shape. */
import type { Dim, Shape } from "./dim.ts";
import type { Type } from "./node.ts";

/** The shape of a value whose rank is not known; it prints as `float32[...]`. */
export const UNRANKED: Shape = Object.freeze(["..."]);

/** The type of an imported op's output that the file says nothing about: the dtype is a placeholder too. */
export const UNTYPED: Type = Object.freeze({ dtype: "float32", shape: Object.freeze(["...?"]) });

/** The type of an optional output that the file leaves out; nothing can read it. */
export const ABSENT: Type = Object.freeze({ dtype: "float32", shape: Object.freeze(["absent"]) });

const marks = new Set<Dim | undefined>([UNRANKED, UNTYPED.shape, ABSENT.shape].map(([dim]) => dim));

/** Whether a dimension stands for a whole shape that is not known. */
export function isMark(dim: Dim | undefined): boolean {
  return marks.has(dim);
}

const isMarkedBy = (mark: Shape) => (type: Type) =>
  type.shape.length === 1 && type.shape[0] === mark[0];

export const isUntyped: (type: Type) => boolean = isMarkedBy(UNTYPED.shape);
export const isAbsent: (type: Type) => boolean = isMarkedBy(ABSENT.shape);

/** Whether the number of axes is known. */
export function isRanked({ shape }: Type): boolean {
  return !(shape.length === 1 && marks.has(shape[0]));
}
