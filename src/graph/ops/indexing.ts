/** Ops that pick elements by index, put them back, or order them. */
import { sizeOf } from "../../tensor/tensor.ts";
import { array64, normalizeAxis, strides, tabulate } from "../array64.ts";
import { type Dim, UNKNOWN } from "../dim.ts";
import { type Attributes, constantInts, int64s, scalar, type Value } from "../node.ts";
import { apply, applyAll, misfit, none, type Op, showType } from "../op.ts";
import { expand } from "./reduce.ts";
import { concat, dimOf, reshape, shapeOf, zerosLike } from "./shape.ts";

/** Indices into an axis may be negative. */
const wrap = (index: number, size: number) => (index < 0 ? index + size : index);

const axisOf = (attrs: { readonly axis?: unknown }, x: { readonly shape: readonly unknown[] }) =>
  normalizeAxis((attrs.axis as number | undefined) ?? 0, x.shape.length);

function refuseReduction(op: string, got: unknown, known: readonly string[]): void {
  if (known.includes(got as string)) return;
  throw misfit(`the gradient of ${op}`, `reduction ${got}`, known.join(" or "));
}

export const indexing = {
  /** Rows of a table, or slices along any axis. Its gradient adds up rows that were picked twice. */
  Gather: {
    since: 13,
    infer: (inputs, attrs) => {
      const [x, indices] = inputs as [Value, Value];
      const axis = axisOf(attrs, x);
      const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
      return [{ dtype: x.dtype, shape }];
    },
    grad: (g, { inputs: [x, indices], attrs }) => [
      scatterRows(g, x!, indices!, axisOf(attrs, x!)),
      undefined,
    ],
    eval: ([x, indices], attrs) => {
      const axis = axisOf(attrs, x);
      const steps = strides(x.shape);
      const [before, rank] = [axis, indices.shape.length];
      const inner = strides(indices.shape);
      const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
      return [
        tabulate(shape, (index) => {
          let at = 0;
          for (let i = 0; i < rank; i++) at += index[before + i] * inner[i];
          let from = wrap(indices.data[at], x.shape[axis]) * steps[axis];
          for (let i = 0; i < before; i++) from += index[i] * steps[i];
          for (let i = axis + 1; i < steps.length; i++) from += index[i - 1 + rank] * steps[i];
          return x.data[from];
        }),
      ];
    },
  },
  GatherElements: {
    since: 13,
    infer: (inputs) => [{ dtype: inputs[0].dtype, shape: inputs[1].shape }],
    grad: (g, { inputs: [x, indices], attrs }) => [
      scatterElements(zerosLike(x!), indices!, g, axisOf(attrs, x!)),
      undefined,
    ],
    eval: ([x, indices], attrs) => {
      const axis = axisOf(attrs, x);
      const steps = strides(x.shape);
      return [
        tabulate(indices.shape, (index) => {
          const flat = index.reduce((sum, i, at) => sum * indices.shape[at] + i, 0);
          const chosen = wrap(indices.data[flat], x.shape[axis]);
          return x.data[
            index.reduce((sum, i, at) => sum + (at === axis ? chosen : i) * steps[at], 0)
          ];
        }),
      ];
    },
  },
  /** With `reduction: "add"` it is right and repeatable on CPU, where ScatterND's loses updates. */
  ScatterElements: {
    since: 16,
    infer: ([x, indices, updates]) => {
      const fits = [x, updates].every(({ shape }) => shape.length === indices.shape.length);
      if (!fits) throw misfit("ScatterElements", showType(indices), "indices of x's rank");
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    grad: (g, { inputs: [, indices, updates], attrs }) => {
      const { axis = 0, reduction = "none" } = attrs;
      refuseReduction("ScatterElements", reduction, ["none", "add"]);
      const at = axis as number;
      const left = reduction === "add" ? g : overwrite(g, indices!, zerosLike(updates!), at);
      return [left, undefined, gatherElements(g, indices!, at)];
    },
    eval: ([x, indices, updates], attrs) => {
      const axis = axisOf(attrs, x);
      const out = array64(x.shape, x.data);
      const steps = strides(x.shape);
      tabulate(indices.shape, (index) => {
        const flat = index.reduce((sum, i, at) => sum * indices.shape[at] + i, 0);
        const chosen = wrap(indices.data[flat], x.shape[axis]);
        const to = index.reduce((sum, i, at) => sum + (at === axis ? chosen : i) * steps[at], 0);
        out.data[to] = (attrs.reduction === "add" ? out.data[to] : 0) + updates.data[flat];
        return 0;
      });
      return [out];
    },
  },
  /** The `k` largest (or smallest) along an axis, in order, and where they are. */
  TopK: {
    since: 11,
    infer: (inputs, attrs) => {
      const [x, k] = inputs as [Value, Value];
      const axis = normalizeAxis((attrs.axis as number) ?? -1, x.shape.length);
      const size: Dim = constantInts(k)?.[0] ?? UNKNOWN;
      const shape = x.shape.map((dim, at) => (at === axis ? size : dim));
      return [
        { dtype: x.dtype, shape },
        { dtype: "int64", shape },
      ];
    },
    grad: (g, { inputs: [x], outputs: [, indices], attrs }) => [
      scatterElements(zerosLike(x!), indices, g, (attrs.axis as number) ?? -1),
      undefined,
    ],
    eval: ([x, k], attrs) => {
      const axis = normalizeAxis((attrs.axis as number) ?? -1, x.shape.length);
      const order = attrs.largest === 0 ? 1 : -1;
      const steps = strides(x.shape);
      const shape = x.shape.map((dim, at) => (at === axis ? k.data[0] : dim));
      const pick = (index: readonly number[]) => {
        const from = index.reduce((sum, i, at) => sum + (at === axis ? 0 : i) * steps[at], 0);
        const value = (i: number) => x.data[from + i * steps[axis]];
        const sorted = [...Array(x.shape[axis]).keys()].sort(
          (a, b) => order * (value(a) - value(b)) || a - b,
        );
        const chosen = sorted[index[axis]];
        return { chosen, value: value(chosen) };
      };
      return [
        tabulate(shape, (index) => pick(index).value),
        tabulate(shape, (index) => pick(index).chosen),
      ];
    },
  },
  /** Slices `x[indices[…, :]]`: the last axis of the indices holds the first coordinates of a slice. */
  GatherND: {
    since: 12,
    infer: ([x, indices], attrs) => {
      const depth = indices.shape.at(-1);
      const batch = (attrs.batch_dims as number | undefined) ?? 0;
      if (typeof depth !== "number" || batch + depth > x.shape.length) {
        throw misfit("GatherND", showType(indices), `indices into ${showType(x)}`);
      }
      const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(batch + depth)];
      return [{ dtype: x.dtype, shape }];
    },
    grad: none("ONNX Runtime's ScatterND loses sums where indices repeat: export with Gather"),
    eval: ([x, indices], attrs) => {
      const batch = (attrs.batch_dims as number | undefined) ?? 0;
      const depth = indices.shape.at(-1)!;
      const [steps, rows] = [strides(x.shape), strides(indices.shape)];
      const outer = indices.shape.length - 1;
      return [
        tabulate([...indices.shape.slice(0, -1), ...x.shape.slice(batch + depth)], (index) => {
          const row = rows.slice(0, outer).reduce((sum, step, at) => sum + index[at] * step, 0);
          let from = 0;
          for (let at = 0; at < batch; at++) from += index[at] * steps[at];
          for (let i = 0; i < depth; i++) {
            from += wrap(indices.data[row + i], x.shape[batch + i]) * steps[batch + i];
          }
          for (let at = outer; at < index.length; at++) {
            from += index[at] * steps[at - outer + batch + depth];
          }
          return x.data[from];
        }),
      ];
    },
  },
  /** A copy of `x` with slices written where the indices point; no index twice. */
  ScatterND: {
    since: 13,
    infer: ([x, indices, updates]) => {
      const depth = indices.shape.at(-1);
      const rank = indices.shape.length - 1 + x.shape.length - Number(depth);
      if (updates.shape.length !== rank) {
        throw misfit("ScatterND", `${showType(indices)}, ${showType(updates)}`, "slices of x");
      }
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    grad: (g, { inputs: [, indices, updates], attrs: { reduction = "none" } }) => {
      refuseReduction("ScatterND", reduction, ["none"]);
      return [scatterND(g, indices!, zerosLike(updates!)), undefined, gatherND(g, indices!)];
    },
    eval: ([x, indices, updates]) => {
      const out = array64(x.shape, x.data);
      const depth = indices.shape.at(-1)!;
      const steps = strides(x.shape);
      const width = sizeOf(x.shape.slice(depth));
      for (let row = 0; row * depth < indices.data.length; row++) {
        let to = 0;
        for (let i = 0; i < depth; i++) {
          to += wrap(indices.data[row * depth + i], x.shape[i]) * steps[i];
        }
        out.data.set(updates.data.subarray(row * width, (row + 1) * width), to);
      }
      return [out];
    },
  },
  CumSum: {
    since: 11,
    infer: ([x, axis]) => {
      if (axis.shape.length > 1) throw misfit("CumSum", showType(axis), "one axis");
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    grad: (g, { inputs: [, axis], attrs }) => [
      cumSum(g, axis!, { ...attrs, reverse: attrs.reverse === 1 ? 0 : 1 }),
      undefined,
    ],
    eval: ([x, axisInput], attrs) => {
      const axis = normalizeAxis(axisInput.data[0], x.shape.length);
      const steps = strides(x.shape);
      const size = x.shape[axis];
      const [reverse, exclusive] = [attrs.reverse === 1, attrs.exclusive === 1];
      return [
        tabulate(x.shape, (index) => {
          const from = index.reduce((sum, i, at) => sum + (at === axis ? 0 : i) * steps[at], 0);
          let total = 0;
          for (let i = 0; i < size; i++) {
            const inside = reverse ? i >= index[axis] : i <= index[axis];
            if (inside && !(exclusive && i === index[axis]))
              total += x.data[from + i * steps[axis]];
          }
          return total;
        }),
      ];
    },
  },
  /** Keeps the upper (or lower) triangle of the last two axes, `k` diagonals off the main one. */
  Trilu: {
    since: 14,
    infer: (inputs) => [{ dtype: inputs[0].dtype, shape: inputs[0].shape }],
    grad: (g, { inputs: [, k], attrs }) => [trilu(g, k, attrs), undefined],
    eval: ([x, k], attrs) => {
      const shift = k?.data[0] ?? 0;
      const upper = attrs.upper !== 0;
      return [
        tabulate(x.shape, (index) => {
          const off = index.at(-1)! - index.at(-2)!;
          const kept = upper ? off >= shift : off <= shift;
          return kept ? x.data[index.reduce((sum, i, at) => sum * x.shape[at] + i, 0)] : 0;
        }),
      ];
    },
  },
  /** Indices of non-zero elements `[rank, count]`. */
  NonZero: {
    since: 13,
    infer: (inputs) => [{ dtype: "int64", shape: [inputs[0].shape.length, UNKNOWN] }],
    grad: none("its output is an index"),
    eval: ([x]) => {
      const found: number[][] = [];
      tabulate(x.shape, (index) => {
        if (x.data[index.reduce((sum, i, at) => sum * x.shape[at] + i, 0)]) found.push([...index]);
        return 0;
      });
      const rank = x.shape.length;
      return [tabulate([rank, found.length], ([axis, i]) => found[i][axis])];
    },
  },
} as const satisfies Record<string, Op>;

/** The gradient of a Gather: zeros like `x`, with `g`'s slices added at the indices along the axis. */
function scatterRows(g: Value, x: Value, indices: Value, axis: number): Value {
  const rank = x.shape.length;
  const around = [...Array(rank).keys()].map((at) => (at === axis ? int64s([-1]) : dimOf(x, at)));
  const updates = reshape(g, concat(around, 0));
  const column = reshape(
    indices,
    around.map((_, at) => (at === axis ? -1 : 1)),
  );
  const spread = expand(column, shapeOf(updates));
  return scatterElements(zerosLike(x), spread, updates, axis);
}

/** Rows `x[indices]` (or slices along `axis`): `[V, D], [N] -> [N, D]`. */
export function gather(x: Value, indices: Value, axis = 0): Value {
  return apply("Gather", indexing.Gather, [x, indices], { axis });
}

/**
 * Rows by an index map whose inverse is at hand: the gradient is a Gather as well, not a scatter. Right only where each
 * row with a non-zero gradient is picked once (packing's maps are such).
 */
export function permuteRows(x: Value, indices: Value, inverse: Value): Value {
  return apply("Gather", indexing.Gather, [x, indices], { axis: 0 }, (g) => [
    permuteRows(g, inverse, indices),
    undefined,
  ]);
}

export function gatherElements(x: Value, indices: Value, axis: number): Value {
  return apply("GatherElements", indexing.GatherElements, [x, indices], { axis });
}

/** Running sums along the axis, each element's own among them. */
export function cumulativeSum(x: Value, axis: number): Value {
  return cumSum(x, scalar(axis, "int32"), {});
}

/** A copy of `x` with `updates` added where the indices point. */
export function scatterElements(x: Value, indices: Value, updates: Value, axis: number): Value {
  return apply("ScatterElements", indexing.ScatterElements, [x, indices, updates], {
    axis,
    reduction: "add",
  });
}

/** A copy of `x` with `updates` in the places where the indices point, none of them twice. */
function overwrite(x: Value, indices: Value, updates: Value, axis: number): Value {
  return apply("ScatterElements", indexing.ScatterElements, [x, indices, updates], { axis });
}

function gatherND(x: Value, indices: Value): Value {
  return apply("GatherND", indexing.GatherND, [x, indices]);
}

function scatterND(x: Value, indices: Value, updates: Value): Value {
  return apply("ScatterND", indexing.ScatterND, [x, indices, updates]);
}

/** The `k` largest along the axis, in falling order, and their indices (int64). */
export function topK(x: Value, k: number, { axis = -1, largest = true } = {}): [Value, Value] {
  const attrs = { axis, largest: largest ? 1 : 0, sorted: 1 };
  return applyAll("TopK", indexing.TopK, [x, int64s([k])], attrs) as [Value, Value];
}

/** Where `x` is not 0 (or is true), in row-major order: `[rank, count]`, int64. */
export function nonZero(x: Value): Value {
  return apply("NonZero", indexing.NonZero, [x]);
}

function cumSum(x: Value, axis: Value, attrs: Attributes): Value {
  return apply("CumSum", indexing.CumSum, [x, axis], attrs);
}

function trilu(x: Value, k: Value | undefined, attrs: Attributes): Value {
  return apply("Trilu", indexing.Trilu, [x, k], attrs);
}
