/** Ops that normalise along an axis. */
import { type Array64, array64, forEachIndex, normalizeAxis, strides } from "../array64.ts";
import type { Attributes, Value } from "../node.ts";
import { apply, applyAll, misfit, type Op, showType } from "../op.ts";
import { exp, mul, sub } from "./elementwise.ts";
import { reduceMean, reduceSum } from "./reduce.ts";

/** Calls `line` with the flat indices of each run of elements along the axis. */
function forEachLine(x: Array64, axis: number, line: (flat: readonly number[]) => void): void {
  const steps = strides(x.shape);
  const size = x.shape[axis];
  forEachIndex(x.shape.toSpliced(axis, 1, size === 0 ? 0 : 1), (index) => {
    const from = index.reduce((sum, i, at) => sum + i * steps[at], 0);
    line(Array.from({ length: size }, (_, i) => from + i * steps[axis]));
  });
}

function softmaxOf(x: Array64, attrs: Attributes, log: boolean): Array64 {
  const out = array64(x.shape);
  forEachLine(x, normalizeAxis((attrs.axis as number) ?? -1, x.shape.length), (line) => {
    const max = Math.max(...line.map((i) => x.data[i]));
    const total = line.reduce((sum, i) => sum + Math.exp(x.data[i] - max), 0);
    for (const i of line) {
      const shifted = x.data[i] - max;
      out.data[i] = log ? shifted - Math.log(total) : Math.exp(shifted) / total;
    }
  });
  return out;
}

const axisOf = (attrs: Attributes) => [(attrs.axis as number | undefined) ?? -1];
const epsilonOf = (attrs: Attributes) =>
  (attrs.epsilon as { float: number } | undefined)?.float ?? 1e-5;

function lastAxisOnly(op: string, x: Value, attrs: Attributes): void {
  const axis = normalizeAxis((attrs.axis as number) ?? -1, x.shape.length);
  if (axis !== x.shape.length - 1)
    throw misfit(op, `axis ${axis} of ${showType(x)}`, "the last axis");
}

function firstOutputOnly(op: string, gradients: readonly unknown[]): void {
  if (gradients.slice(1).every((g) => g === undefined)) return;
  throw misfit(`the gradient of ${op}`, "a loss that reads its statistics", "its first output");
}

export const norms = {
  Softmax: {
    since: 13,
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    grad: (g, { outputs: [y], attrs }) => {
      const weighted = mul(g, y);
      return [sub(weighted, mul(y, reduceSum(weighted, { axes: axisOf(attrs), keep: true })))];
    },
    eval: ([x], attrs) => [softmaxOf(x, attrs, false)],
  },
  LogSoftmax: {
    since: 13,
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    grad: (g, { outputs: [y], attrs }) => [
      sub(g, mul(exp(y), reduceSum(g, { axes: axisOf(attrs), keep: true }))),
    ],
    eval: ([x], attrs) => [softmaxOf(x, attrs, true)],
  },
  /** Layer normalisation over the last axis (Ba et al., arXiv:1607.06450): outputs y, mean, 1 / deviation. */
  LayerNormalization: {
    since: 17,
    infer: (inputs, attrs) => {
      const [x, scale] = inputs as [Value, Value];
      lastAxisOnly("LayerNormalization", x, attrs);
      const [width] = scale.shape;
      if (
        typeof width === "number" &&
        typeof x.shape.at(-1) === "number" &&
        x.shape.at(-1) !== width
      ) {
        throw misfit(
          "LayerNormalization",
          `${showType(x)}, scale ${showType(scale)}`,
          "equal widths",
        );
      }
      const small = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
      return [{ dtype: x.dtype, shape: x.shape }, small, small];
    },
    grad: (g, { inputs: [x, scale, bias], outputs: [, mean, inverse] }, all) => {
      firstOutputOnly("LayerNormalization", all);
      const rows = [...Array(x!.shape.length - 1).keys()];
      const normal = mul(sub(x!, mean), inverse);
      const scaled = mul(g, scale!);
      const shift = reduceMean(scaled, { axes: [-1], keep: true });
      const slope = reduceMean(mul(scaled, normal), { axes: [-1], keep: true });
      return [
        mul(sub(sub(scaled, shift), mul(normal, slope)), inverse),
        reduceSum(mul(g, normal), { axes: rows }),
        bias && reduceSum(g, { axes: rows }),
      ];
    },
    eval: ([x, scale, bias], attrs) => {
      const width = x.shape.at(-1)!;
      const rows = x.data.length / width;
      const small = [...x.shape.slice(0, -1), 1];
      const [y, mean, inverse] = [array64(x.shape), array64(small), array64(small)];
      for (let row = 0; row < rows; row++) {
        const line = x.data.subarray(row * width, (row + 1) * width);
        const average = line.reduce((sum, v) => sum + v, 0) / width;
        const variance = line.reduce((sum, v) => sum + (v - average) ** 2, 0) / width;
        mean.data[row] = average;
        inverse.data[row] = 1 / Math.sqrt(variance + epsilonOf(attrs));
        line.forEach((v, i) => {
          const normal = (v - average) * inverse.data[row];
          y.data[row * width + i] = normal * scale.data[i] + (bias?.data[i] ?? 0);
        });
      }
      return [y, mean, inverse];
    },
  },
  /** RMS normalisation (arXiv:1910.07467): outputs y, then 1 / rms (ONNX Runtime's op, kept in the default domain). */
  SimplifiedLayerNormalization: {
    since: 1,
    infer: (inputs, attrs) => {
      const [x] = inputs as [Value];
      lastAxisOnly("SimplifiedLayerNormalization", x, attrs);
      return [
        { dtype: x.dtype, shape: x.shape },
        { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] },
      ];
    },
    grad: (g, { inputs: [x, scale], outputs: [, inverse] }, all) => {
      firstOutputOnly("SimplifiedLayerNormalization", all);
      const rows = [...Array(x!.shape.length - 1).keys()];
      const normal = mul(x!, inverse);
      const scaled = mul(g, scale!);
      const slope = reduceMean(mul(scaled, normal), { axes: [-1], keep: true });
      return [
        mul(sub(scaled, mul(normal, slope)), inverse),
        reduceSum(mul(g, normal), { axes: rows }),
      ];
    },
    eval: ([x, scale], attrs) => {
      const width = x.shape.at(-1)!;
      const [y, inverse] = [array64(x.shape), array64([...x.shape.slice(0, -1), 1])];
      for (let row = 0; row < inverse.data.length; row++) {
        const line = x.data.subarray(row * width, (row + 1) * width);
        const square = line.reduce((sum, v) => sum + v * v, 0) / width;
        inverse.data[row] = 1 / Math.sqrt(square + epsilonOf(attrs));
        line.forEach((v, i) => {
          y.data[row * width + i] = v * inverse.data[row] * scale.data[i];
        });
      }
      return [y, inverse];
    },
  },
} as const satisfies Record<string, Op>;

export function softmax(x: Value, axis = -1): Value {
  return apply("Softmax", norms.Softmax, [x], { axis });
}

export function logSoftmax(x: Value, axis = -1): Value {
  return apply("LogSoftmax", norms.LogSoftmax, [x], { axis });
}

/** `[…, D] -> […, D]`; scale and bias `[D]`. */
export function layerNorm(
  x: Value,
  scale: Value,
  bias: Value | undefined,
  { epsilon = 1e-5 }: { readonly epsilon?: number } = {},
): Value {
  return applyAll("LayerNormalization", norms.LayerNormalization, [x, scale, bias], {
    axis: -1,
    epsilon: { float: epsilon },
  })[0];
}

/** `[…, D] -> […, D]`; scale `[D]`. */
export function rmsNorm(
  x: Value,
  scale: Value,
  { epsilon = 1e-6 }: { readonly epsilon?: number } = {},
): Value {
  return applyAll("SimplifiedLayerNormalization", norms.SimplifiedLayerNormalization, [x, scale], {
    axis: -1,
    epsilon: { float: epsilon },
  })[0];
}
