/** Ops that take axes away, and those that bring them back. */
import { array64, at, forEachIndex, normalizeAxis, strides, tabulate } from "../array64.ts";
import { broadcast, type Dim, product, UNKNOWN } from "../dim.ts";
import { type Attributes, constantInts, int64s, type Node, scalar, type Value } from "../node.ts";
import { apply, misfit, none, type Op, showType } from "../op.ts";
import { shapeFrom } from "../shape-values.ts";
import { cast, div, equal, mul, where } from "./elementwise.ts";
import { concat, dimOf, elementCount, reshape, shapeOf, slice, unsqueeze } from "./shape.ts";

/** The axes that are reduced; where none are named, all of them or, so marked, none. */
function normalizeAxes(axes: ArrayLike<number>, rank: number, attrs: Attributes): number[] {
  if (axes.length > 0) return Array.from(axes, (axis) => normalizeAxis(axis, rank));
  return attrs.noop_with_empty_axes === 1 ? [] : [...Array(rank).keys()];
}

/** The axes a node reduces, from its second input; undefined where they are computed. */
function axesOf({ inputs: [x, axes], attrs }: Pick<Node, "inputs" | "attrs">) {
  const named = axes ? constantInts(axes) : [];
  return named && normalizeAxes(named, x!.shape.length, attrs);
}

/** As `axesOf`, for gradients, which must know. */
function knownAxes(node: Node): number[] {
  const axes = axesOf(node);
  if (!axes) throw misfit(`the gradient of ${node.op}`, "computed axes", "constant axes");
  return axes;
}

function reduction(
  since: number,
  start: number,
  f: (total: number, x: number) => number,
  grad: Op["grad"],
  finish: (total: number, count: number) => number = (total) => total,
): Op {
  return {
    since,
    infer: (inputs, attrs) => {
      const [x] = inputs as [Value];
      const axes = axesOf({ inputs, attrs });
      const kept = attrs.keepdims !== 0;
      if (!axes) {
        if (!kept) throw misfit("Reduce*", "computed axes", "constant axes, or keepdims");
        return [{ dtype: x.dtype, shape: x.shape.map((dim) => (dim === 1 ? 1 : UNKNOWN)) }];
      }
      const shape = kept
        ? x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
        : x.shape.filter((_, axis) => !axes.includes(axis));
      return [{ dtype: x.dtype, shape }];
    },
    grad,
    eval: ([x, named], attrs) => {
      const axes = normalizeAxes(named?.data ?? [], x.shape.length, attrs);
      const keptShape = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
      const out = array64(keptShape);
      out.data.fill(start);
      const steps = strides(keptShape);
      forEachIndex(x.shape, (index, flat) => {
        let to = 0;
        for (let axis = 0; axis < index.length; axis++) {
          if (!axes.includes(axis)) to += index[axis] * steps[axis];
        }
        out.data[to] = f(out.data[to], x.data[flat]);
      });
      const count = x.data.length / out.data.length;
      const shape =
        attrs.keepdims !== 0 ? keptShape : x.shape.filter((_, axis) => !axes.includes(axis));
      return [{ shape, data: out.data.map((total) => finish(total, count)) }];
    },
  };
}

/** A reduced value with its axes put back as 1, so that it broadcasts against the input. */
function kept(value: Value, node: Node): Value {
  if (node.attrs.keepdims !== 0) return value;
  const axes = knownAxes(node);
  return axes.length === 0 ? value : unsqueeze(value, axes);
}

const sumGrad: Op["grad"] = (g, node) => [expand(kept(g, node), shapeOf(node.inputs[0]!))];

/** Ties share the gradient. */
const extremumGrad: Op["grad"] = (g, node) => {
  const [x] = node.inputs as [Value];
  const winners = cast(equal(x, kept(node.outputs[0], node)), x.dtype);
  const count = apply("ReduceSum", reduce.ReduceSum, [winners, node.inputs[1]], {
    ...node.attrs,
    keepdims: 1,
  });
  return [mul(div(winners, count), kept(g, node))];
};

export const reduce = {
  ReduceSum: reduction(13, 0, (a, b) => a + b, sumGrad),
  ReduceMean: reduction(
    18,
    0,
    (a, b) => a + b,
    (g, node) => {
      const [x] = node.inputs as [Value];
      const dims = knownAxes(node).map((axis) => x.shape[axis] as Dim);
      const size = product(dims);
      const count =
        typeof size === "number"
          ? scalar(size, x.dtype)
          : cast(div(elementCount(x), elementCount(node.outputs[0])), x.dtype);
      return [expand(kept(div(g, count), node), shapeOf(x))];
    },
    (total, count) => total / count,
  ),
  ReduceMax: reduction(18, -Infinity, Math.max, extremumGrad),
  ReduceMin: reduction(18, Infinity, Math.min, extremumGrad),
  ReduceSumSquare: reduction(
    18,
    0,
    (a, b) => a + b * b,
    (g, node) => [mul(mul(node.inputs[0]!, 2), kept(g, node))],
  ),
  /** Euclidean length; where it is 0 the gradient is 0, as in PyTorch. */
  ReduceL2: reduction(
    18,
    0,
    (a, b) => a + b * b,
    (g, node) => {
      const [x, length] = [node.inputs[0]!, kept(node.outputs[0], node)];
      const isZero = equal(length, 0);
      return [where(isZero, 0, mul(div(x, where(isZero, 1, length)), kept(g, node)))];
    },
    Math.sqrt,
  ),
  ReduceProd: reduction(18, 1, (a, b) => a * b, none("used for shapes only")),
  Expand: {
    since: 13,
    infer: (inputs) => {
      const [x, to] = inputs as [Value, Value];
      const wanted = shapeFrom(to);
      const both = broadcast(x.shape, wanted);
      if ("clash" in both) throw misfit("Expand", showType(x), `[${wanted}]`);
      return [{ dtype: x.dtype, shape: both }];
    },
    // The accumulation loop sums what was broadcast.
    grad: (g) => [g, undefined],
    eval: ([x, to]) => {
      const wanted = Array.from(to.data);
      const rank = Math.max(wanted.length, x.shape.length);
      const shape = Array.from({ length: rank }, (_, axis) =>
        Math.max(wanted.at(axis - rank) ?? 1, x.shape.at(axis - rank) ?? 1),
      );
      return [tabulate(shape, (index) => at(x, index))];
    },
  },
  /** The whole repeated along each axis. */
  Tile: {
    since: 13,
    infer: ([x, repeats]) => {
      const times = shapeFrom(repeats);
      if (times.length !== x.shape.length) throw misfit("Tile", `[${times}]`, "one for each axis");
      const out = x.shape.map((dim, axis) => product([dim, times[axis] as Dim]));
      return [{ dtype: x.dtype, shape: out }];
    },
    grad: (g, { inputs: [x, repeats] }) => {
      const axes = [...x!.shape.keys()];
      const times = (axis: number) =>
        cast(slice(repeats!, { start: axis, end: axis + 1, axis: 0 }), "int64");
      const apart = reshape(
        g,
        concat(
          axes.flatMap((axis) => [times(axis), dimOf(x!, axis)]),
          0,
        ),
      );
      return [reduceSum(apart, { axes: axes.map((axis) => 2 * axis) }), undefined];
    },
    eval: ([x, repeats]) => [
      tabulate(
        x.shape.map((dim, axis) => dim * repeats.data[axis]),
        (index) =>
          at(
            x,
            index.map((i, axis) => i % x.shape[axis]),
          ),
      ),
    ],
  },
  /** The index of the largest element; ties go to the first. */
  ArgMax: {
    since: 13,
    infer: (inputs, attrs) => {
      const [x] = inputs as [Value];
      const gone = normalizeAxis((attrs.axis as number) ?? 0, x.shape.length);
      const shape =
        attrs.keepdims !== 0
          ? x.shape.map((dim, axis) => (axis === gone ? 1 : dim))
          : x.shape.filter((_, axis) => axis !== gone);
      return [{ dtype: "int64", shape }];
    },
    grad: none("its output is an index"),
    eval: ([x], attrs) => {
      const gone = normalizeAxis((attrs.axis as number) ?? 0, x.shape.length);
      const size = x.shape[gone];
      const step = strides(x.shape)[gone];
      const shape = x.shape.map((dim, axis) => (axis === gone ? 1 : dim));
      const steps = strides(x.shape);
      const out = tabulate(shape, (index) => {
        const from = index.reduce((sum, i, axis) => sum + i * steps[axis], 0);
        let best = 0;
        for (let i = 1; i < size; i++) {
          if (x.data[from + i * step] > x.data[from + best * step]) best = i;
        }
        return best;
      });
      const kept = attrs.keepdims !== 0 ? shape : shape.filter((_, axis) => axis !== gone);
      return [{ shape: kept, data: out.data }];
    },
  },
} as const satisfies Record<string, Op>;

interface Axes {
  /** @default all */
  readonly axes?: readonly number[];
  /** Keep the axes as 1. @default false */
  readonly keep?: boolean;
}

const reduceWith =
  (op: "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin") =>
  (x: Value, { axes, keep = false }: Axes = {}): Value =>
    apply(op, reduce[op], [x, axes && int64s(axes)], { keepdims: keep ? 1 : 0 });

export const reduceSum: (x: Value, options?: Axes) => Value = reduceWith("ReduceSum");
export const reduceMean: (x: Value, options?: Axes) => Value = reduceWith("ReduceMean");
export const reduceMax: (x: Value, options?: Axes) => Value = reduceWith("ReduceMax");
export const reduceMin: (x: Value, options?: Axes) => Value = reduceWith("ReduceMin");

export function expand(x: Value, shape: Value): Value {
  return apply("Expand", reduce.Expand, [x, shape]);
}

export function argMax(x: Value, axis: number): Value {
  return apply("ArgMax", reduce.ArgMax, [x], { axis, keepdims: 0 });
}
