/** Ops that move elements without changing them. */
import { sizeOf } from "../../tensor/tensor.ts";
import { type Array64, array64, normalizeAxis, strides, tabulate } from "../array64.ts";
import { type Dim, product, quotient, type Shape, sum, UNKNOWN } from "../dim.ts";
import { type Attributes, constantInts, constantOf, int64s, scalar, type Value } from "../node.ts";
import { apply, applyAll, misfit, none, type Op, showType } from "../op.ts";
import { shapeFrom, slicedDim } from "../shape-values.ts";
import { add, cast, less, maximum, minimum, sub, where } from "./elementwise.ts";

const isShape = none("its output is a shape");

function reshaped(x: Shape, wanted: Shape, allowZero: boolean): Shape {
  const dims = wanted.map((dim, axis) => (dim === 0 && !allowZero ? (x[axis] ?? UNKNOWN) : dim));
  const hole = dims.indexOf(-1);
  if (hole >= 0) dims[hole] = quotient(x, dims.toSpliced(hole, 1));
  return dims;
}

function transposed(x: Array64, order: readonly number[]): Array64 {
  const steps = strides(x.shape);
  const shape = order.map((axis) => x.shape[axis]);
  return tabulate(shape, (index) => {
    let from = 0;
    for (let axis = 0; axis < order.length; axis++) from += index[axis] * steps[order[axis]];
    return x.data[from];
  });
}

function orderOf(rank: number, perm: unknown): readonly number[] {
  return (perm as number[] | undefined) ?? [...Array(rank).keys()].reverse();
}

function concatenated(parts: readonly Array64[], axis: number): Array64 {
  const first = parts[0];
  const shape = first.shape.map((dim, at) =>
    at === axis ? parts.reduce((total, part) => total + part.shape[axis], 0) : dim,
  );
  const out = array64(shape);
  const outer = sizeOf(shape.slice(0, axis));
  let to = 0;
  for (let block = 0; block < outer; block++) {
    for (const { data } of parts) {
      const size = data.length / outer;
      out.data.set(data.subarray(block * size, (block + 1) * size), to);
      to += size;
    }
  }
  return out;
}

/** First index, end and step of each axis of a Slice, with ONNX's clamping. */
function sliceRanges(shape: readonly number[], ranges: readonly (Array64 | undefined)[]) {
  const [starts, ends, axes, steps] = ranges.map((range) => range && Array.from(range.data));
  const out = shape.map((dim) => ({ start: 0, end: dim, step: 1 }));
  starts!.forEach((from, i) => {
    const axis = normalizeAxis(axes?.[i] ?? i, shape.length);
    const dim = shape[axis];
    const step = steps?.[i] ?? 1;
    const clamp = (at: number) => {
      const positive = at < 0 ? at + dim : at;
      return step > 0
        ? Math.min(Math.max(positive, 0), dim)
        : Math.min(Math.max(positive, -1), dim - 1);
    };
    out[axis] = { start: clamp(from), end: clamp(ends![i]), step };
  });
  return out;
}

const lengthOf = ({ start, end, step }: { start: number; end: number; step: number }) =>
  Math.max(0, Math.ceil((end - start) / step));

function insertAxes<D>(shape: readonly D[], axes: readonly number[], one: D): D[] {
  const rank = shape.length + axes.length;
  const at = axes.map((axis) => normalizeAxis(axis, rank));
  const rest = [...shape];
  return Array.from({ length: rank }, (_, axis) => (at.includes(axis) ? one : (rest.shift() as D)));
}

function dropAxes<D>(shape: readonly D[], axes: readonly number[] | undefined): D[] {
  const at = axes?.map((axis) => normalizeAxis(axis, shape.length));
  return shape.filter((dim, axis) => (at ? !at.includes(axis) : dim !== 1));
}

/** It may be the rank itself: all axes are rows then. */
function flattenAxis({ axis = 1 }: Attributes, rank: number): number {
  return axis === rank ? rank : normalizeAxis(axis as number, rank);
}

export const shape = {
  Shape: {
    since: 1,
    infer: (inputs) => [{ dtype: "int64", shape: [inputs[0].shape.length] }],
    grad: isShape,
    eval: ([x]) => [array64([x.shape.length], x.shape)],
  },
  Reshape: {
    since: 13,
    infer: (inputs, attrs) => {
      const [x, to] = inputs as [Value, Value];
      const out = reshaped(x.shape, shapeFrom(to), attrs.allowzero === 1);
      const [from, into] = [product(x.shape), product(out)];
      if (typeof from === "number" && typeof into === "number" && from !== into) {
        throw misfit("Reshape", `${showType(x)} to [${out}]`, "as many elements");
      }
      return [{ dtype: x.dtype, shape: out }];
    },
    grad: (g, { inputs: [x] }) => [reshape(g, shapeOf(x!)), undefined],
    eval: ([x, to], attrs) => {
      const wanted = Array.from(to.data);
      return [
        { shape: reshaped(x.shape, wanted, attrs.allowzero === 1) as number[], data: x.data },
      ];
    },
  },
  Transpose: {
    since: 13,
    infer: (inputs, attrs) => {
      const [x] = inputs as [Value];
      const order = orderOf(x.shape.length, attrs.perm);
      const axes = x.shape.map((_, axis) => axis);
      if (`${order.toSorted((a, b) => a - b)}` !== `${axes}`) {
        throw misfit("Transpose", `${showType(x)}, perm [${order}]`, "a permutation of its axes");
      }
      return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis] as Dim) }];
    },
    grad: (g, { attrs }) => {
      const order = orderOf(g.shape.length, attrs.perm);
      return [
        transpose(
          g,
          order.map((_, axis) => order.indexOf(axis)),
        ),
      ];
    },
    eval: ([x], attrs) => [transposed(x, orderOf(x.shape.length, attrs.perm))],
  },
  Unsqueeze: {
    since: 13,
    infer: (inputs) => {
      const [x, axes] = inputs as [Value, Value];
      return [{ dtype: x.dtype, shape: insertAxes<Dim>(x.shape, fixed("Unsqueeze", axes), 1) }];
    },
    grad: (g, { inputs: [x] }) => [reshape(g, shapeOf(x!)), undefined],
    eval: ([x, axes]) => [{ shape: insertAxes(x.shape, Array.from(axes.data), 1), data: x.data }],
  },
  Squeeze: {
    since: 13,
    infer: (inputs) => {
      const [x, axes] = inputs as [Value, Value | undefined];
      if (!axes && x.shape.some((dim) => typeof dim !== "number")) {
        throw misfit("Squeeze", showType(x), "axes, or known sizes");
      }
      return [{ dtype: x.dtype, shape: dropAxes(x.shape, axes && fixed("Squeeze", axes)) }];
    },
    grad: (g, { inputs: [x] }) => [reshape(g, shapeOf(x!)), undefined],
    eval: ([x, axes]) => [
      { shape: dropAxes(x.shape, axes && Array.from(axes.data)), data: x.data },
    ],
  },
  Concat: {
    since: 13,
    infer: (inputs, attrs) => {
      const [first] = inputs as [Value];
      const axis = normalizeAxis(attrs.axis as number, first.shape.length);
      const out = first.shape.map((dim, at) =>
        at === axis ? sum(inputs.map((part) => part.shape[axis] ?? UNKNOWN)) : dim,
      );
      if (inputs.some((part) => part.shape.length !== first.shape.length)) {
        throw misfit("Concat", inputs.map(showType).join(", "), "equal ranks");
      }
      return [{ dtype: first.dtype, shape: out }];
    },
    grad: (g, { inputs, attrs }) => {
      const axis = normalizeAxis(attrs.axis as number, g.shape.length);
      const sizes = concat(
        inputs.map((part) => dimOf(part!, axis)),
        0,
      );
      return split(g, sizes, axis);
    },
    eval: (parts, attrs) => [
      concatenated(parts, normalizeAxis(attrs.axis as number, parts[0].shape.length)),
    ],
  },
  Split: {
    since: 13,
    infer: (inputs, attrs) => {
      const [x, sizes] = inputs as [Value, Value | undefined];
      const axis = normalizeAxis((attrs.axis as number) ?? 0, x.shape.length);
      if (!sizes) throw misfit("Split", "equal parts", "sizes");
      return shapeFrom(sizes).map((size) => ({
        dtype: x.dtype,
        shape: x.shape.map((dim, at) => (at === axis ? size : dim)),
      }));
    },
    grad: (_, node, all) => {
      const parts = node.outputs.map((part, index) => all[index] ?? zerosLike(part));
      return [concat(parts, (node.attrs.axis as number) ?? 0), undefined];
    },
    eval: ([x, sizes], attrs) => {
      const axis = normalizeAxis((attrs.axis as number) ?? 0, x.shape.length);
      let from = 0;
      return Array.from(sizes.data, (size) => {
        const start = from;
        from += size;
        const shape = x.shape.map((dim, at) => (at === axis ? size : dim));
        const steps = strides(x.shape);
        return tabulate(shape, (index) => {
          let flat = start * steps[axis];
          for (let at = 0; at < index.length; at++) flat += index[at] * steps[at];
          return x.data[flat];
        });
      });
    },
  },
  Slice: {
    since: 13,
    infer: ([x, ...range]) => {
      const rank = x.shape.length;
      const unknown = [{ dtype: x.dtype, shape: Array<Dim>(rank).fill(UNKNOWN) }];
      if (range.some((list) => list && typeof list.shape[0] !== "number")) return unknown;
      const [starts, ends, axes, steps] = range.map((list) => list && shapeFrom(list));
      const dims = [...x.shape];
      for (const [i, start] of starts!.entries()) {
        const at = axes?.[i] ?? i;
        if (typeof at !== "number") return unknown;
        const axis = normalizeAxis(at, rank);
        dims[axis] = slicedDim(x.shape[axis] ?? UNKNOWN, start, ends![i], steps?.[i] ?? 1);
      }
      return [{ dtype: x.dtype, shape: dims }];
    },
    grad: (g, { inputs: [x, starts, , axesInput, steps] }) => {
      const rank = x!.shape.length;
      const from = shapeFrom(starts!);
      const axes = axesInput ? constantInts(axesInput) : [...from.keys()];
      if (!axes) throw misfit("the gradient of Slice", "computed axes", "constant axes");
      if (steps && !constantInts(steps)?.every((step) => step === 1)) {
        throw misfit("the gradient of Slice", "steps", "steps of 1");
      }
      const before = Array<Value>(rank).fill(int64s([0]));
      axes.forEach((axis, i) => {
        const at = normalizeAxis(axis, rank);
        const start = from[i];
        const computed = () => cast(slice(starts!, { start: i, end: i + 1, axis: 0 }), "int64");
        const given = typeof start === "number" ? int64s([start]) : computed();
        const isPlain = typeof start === "number" && start >= 0;
        before[at] = isPlain ? given : fromFront(given, dimOf(x!, at));
      });
      const pads = concat(before, 0);
      const after = sub(sub(shapeOf(x!), pads), shapeOf(g));
      return [pad(g, concat([pads, after], 0))];
    },
    eval: ([x, ...ranges]) => {
      const all = sliceRanges(x.shape, ranges);
      const steps = strides(x.shape);
      return [
        tabulate(all.map(lengthOf), (index) => {
          let flat = 0;
          all.forEach(({ start, step }, axis) => {
            flat += (start + index[axis] * step) * steps[axis];
          });
          return x.data[flat];
        }),
      ];
    },
  },
  /** Zeros (or the third input) around; `pads` is all befores, then all afters. */
  Pad: {
    since: 13,
    infer: (inputs) => {
      const [x, pads, , axes] = inputs as [Value, Value, Value?, Value?];
      if (axes) throw misfit("Pad", "axes", "pads for all axes");
      const around = constantInts(pads);
      const rank = x.shape.length;
      const out = x.shape.map((dim, axis) =>
        around ? sum([dim, around[axis] + around[axis + rank]]) : UNKNOWN,
      );
      return [{ dtype: x.dtype, shape: out }];
    },
    grad: (g, { inputs: [x, pads], attrs }) => {
      const around = constantInts(pads);
      if (!around || around.some((size) => size < 0) || (attrs.mode ?? "constant") !== "constant") {
        const got = `mode ${attrs.mode ?? "constant"}, pads ${around ?? "computed"}`;
        throw misfit("the gradient of Pad", got, "constants around, of known sizes from 0");
      }
      const before = int64s(around.slice(0, x!.shape.length));
      const inner = apply("Slice", shape.Slice, [g, before, add(before, shapeOf(x!))]);
      return [inner, undefined, undefined];
    },
    eval: ([x, pads, value]) => {
      const rank = x.shape.length;
      const out = x.shape.map((dim, axis) => dim + pads.data[axis] + pads.data[axis + rank]);
      const steps = strides(x.shape);
      return [
        tabulate(out, (index) => {
          let flat = 0;
          for (let axis = 0; axis < rank; axis++) {
            const at = index[axis] - pads.data[axis];
            if (at < 0 || at >= x.shape[axis]) return value?.data[0] ?? 0;
            flat += at * steps[axis];
          }
          return x.data[flat];
        }),
      ];
    },
  },
  /** A matrix: the axes before `axis` as rows, the others as columns. */
  Flatten: {
    since: 13,
    infer: ([x], attrs) => {
      const axis = flattenAxis(attrs, x.shape.length);
      const out = [product(x.shape.slice(0, axis)), product(x.shape.slice(axis))];
      return [{ dtype: x.dtype, shape: out }];
    },
    grad: (g, { inputs: [x] }) => [reshape(g, shapeOf(x!))],
    eval: ([x], attrs) => {
      const axis = flattenAxis(attrs, x.shape.length);
      const out = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))];
      return [{ shape: out, data: x.data }];
    },
  },
  ConstantOfShape: {
    since: 9,
    infer: (inputs, attrs) => {
      const value = attrs.value as { dtype: "float32" } | undefined;
      const dims = shapeFrom(inputs[0]);
      return [{ dtype: value?.dtype ?? "float32", shape: dims }];
    },
    grad: isShape,
    eval: ([dims], attrs) => {
      const value = attrs.value as { data: ArrayLike<number | bigint> } | undefined;
      const out = array64(Array.from(dims.data));
      out.data.fill(Number(value?.data[0] ?? 0));
      return [out];
    },
  },
  Range: {
    since: 11,
    infer: (inputs) => {
      const [start, limit, step] = inputs.map((input) => shapeFrom(input)[0]);
      const known = [start, limit, step].every((bound) => typeof bound === "number");
      const count = () => Math.max(0, Math.ceil((+limit - +start) / +step));
      const size = known ? count() : start === 0 && step === 1 ? limit : UNKNOWN;
      return [{ dtype: inputs[0].dtype, shape: [size] }];
    },
    grad: none("its output counts"),
    eval: ([start, limit, step]) => {
      const [from, to, by] = [start.data[0], limit.data[0], step.data[0]];
      const size = Math.max(0, Math.ceil((to - from) / by));
      return [tabulate([size], ([i]) => from + i * by)];
    },
  },
  /** The number of elements, int64. */
  Size: {
    since: 13,
    infer: () => [{ dtype: "int64", shape: [] }],
    grad: isShape,
    eval: ([x]) => [array64([], [x.data.length])],
  },
} as const satisfies Record<string, Op>;

function fixed(op: string, axes: Value): readonly number[] {
  const found = constantInts(axes);
  if (!found) throw misfit(op, "computed axes", "constant axes");
  return found;
}

/** The index `[1]` of a Slice counted from the front, within an axis of size `dim`. */
function fromFront(index: Value, dim: Value): Value {
  const positive = where(less(index, scalar(0, "int64")), add(index, dim), index);
  return minimum(maximum(positive, scalar(0, "int64")), dim);
}

export function shapeOf(x: Value): Value {
  const known = x.shape.every((dim) => typeof dim === "number");
  if (known) return int64s(x.shape as readonly number[]);
  return apply("Shape", shape.Shape, [x]);
}

/** One dimension as an int64 `[1]`. */
export function dimOf(x: Value, axis: number): Value {
  const dim = x.shape.at(axis);
  if (typeof dim === "number") return int64s([dim]);
  return slice(apply("Shape", shape.Shape, [x]), { start: axis, end: axis + 1, axis: 0 });
}

export function elementCount(x: Value): Value {
  return apply("Size", shape.Size, [x]);
}

/** `to` may hold -1 once (whatever is left) and 0 (the dimension at the same place). */
export function reshape(x: Value, to: readonly number[] | Value): Value {
  return apply("Reshape", shape.Reshape, [x, isValue(to) ? to : int64s(to)]);
}

/** @default perm all axes reversed */
export function transpose(x: Value, perm?: readonly number[]): Value {
  return apply("Transpose", shape.Transpose, [x], { perm });
}

export function unsqueeze(x: Value, axes: readonly number[]): Value {
  return apply("Unsqueeze", shape.Unsqueeze, [x, int64s(axes)]);
}

export function squeeze(x: Value, axes: readonly number[]): Value {
  return apply("Squeeze", shape.Squeeze, [x, int64s(axes)]);
}

export function concat(parts: readonly Value[], axis: number): Value {
  if (parts.length === 1) return parts[0];
  return apply("Concat", shape.Concat, parts, { axis });
}

/** Parts of the given sizes, end to end along the axis. */
export function split(x: Value, sizes: readonly number[] | Value, axis: number): readonly Value[] {
  const input = isValue(sizes) ? sizes : int64s(sizes);
  return applyAll("Split", shape.Split, [x, input], { axis });
}

/** `x[start:end]` along one axis; negative numbers count from the end. */
export function slice(
  x: Value,
  { start, end, axis }: { readonly start: number; readonly end: number; readonly axis: number },
): Value {
  return apply("Slice", shape.Slice, [x, int64s([start]), int64s([end]), int64s([axis])]);
}

export function pad(x: Value, pads: readonly number[] | Value): Value {
  return apply("Pad", shape.Pad, [x, isValue(pads) ? pads : int64s(pads)]);
}

export function zerosLike(x: Value): Value {
  const zero = constantOf(scalar(0, x.dtype))!;
  const value = { ...zero, shape: [1] };
  return apply("ConstantOfShape", shape.ConstantOfShape, [shapeOf(x)], { value });
}

export function onesLike(x: Value): Value {
  const one = constantOf(scalar(1, x.dtype))!;
  return apply("ConstantOfShape", shape.ConstantOfShape, [shapeOf(x)], {
    value: { ...one, shape: [1] },
  });
}

/** `0, 1, …, n − 1` as int32; `n` an int64 `[1]` or scalar. */
export function range(n: Value, dtype: "int32" | "int64" = "int64"): Value {
  const limit = n.shape.length === 0 ? n : squeeze(n, [0]);
  return apply("Range", shape.Range, [scalar(0, dtype), limit, scalar(1, dtype)]);
}

function isValue(x: readonly number[] | Value): x is Value {
  return !Array.isArray(x);
}
