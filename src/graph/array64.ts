/** Arrays of the reference interpreter: float64, row-major; integers and booleans are whole numbers in them. */
import { NearfoldError } from "../errors.ts";
import { sizeOf } from "../tensor/tensor.ts";

export interface Array64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function array64(shape: readonly number[], data?: ArrayLike<number>): Array64 {
  return { shape, data: data ? Float64Array.from(data) : new Float64Array(sizeOf(shape)) };
}

/** Steps, in elements, of each axis. */
export function strides(shape: readonly number[]): number[] {
  const out = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    out[axis] = step;
    step *= shape[axis] as number;
  }
  return out;
}

/** Calls `visit` for every index of a shape, in row-major order; the index array is reused. */
export function forEachIndex(
  shape: readonly number[],
  visit: (index: readonly number[], flat: number) => void,
): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/** A new array whose element at each index is `value(index)`. */
export function tabulate(
  shape: readonly number[],
  value: (index: readonly number[]) => number,
): Array64 {
  const out = array64(shape);
  forEachIndex(shape, (index, flat) => {
    out.data[flat] = value(index);
  });
  return out;
}

/** The element at an index of a larger shape, by numpy's broadcasting. */
export function at(array: Array64, index: readonly number[]): number {
  const { shape, data } = array;
  const skip = index.length - shape.length;
  let flat = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    flat = flat * shape[axis] + (shape[axis] === 1 ? 0 : index[axis + skip]);
  }
  return data[flat];
}

/** The broadcast shape of run-time shapes. */
export function broadcastShapes(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    shapes.reduce((dim, shape) => {
      const other = shape[axis - rank + shape.length] ?? 1;
      return dim === 1 ? other : dim;
    }, 1),
  );
}

/** An axis counted from the front. @throws bad-argument for one that is not there */
export function normalizeAxis(axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  if (found >= 0 && found < rank) return found;
  const [got, wanted] = [`${axis}`, `one of ${rank}`];
  throw new NearfoldError("bad-argument", "an axis that is not there", { got, wanted });
}
