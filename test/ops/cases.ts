/**
 * One line an op: how to build it and on which inputs to try it. The gradient check (beside this file) and the comparison with
 * ONNX Runtime (runtime/ops.test.ts) both read this table, and fail when an op of the vocabulary is missing here.
 */

import { constant, int64s, type Value } from "../../src/graph/node.ts";
import { apply } from "../../src/graph/op.ts";
import * as o from "../../src/graph/ops/index.ts";
import { floats, ints, longs, tensor } from "../../src/tensor/tensor.ts";

export interface Case {
  /** Shapes of the float inputs. */
  readonly shapes: readonly (readonly number[])[];
  readonly build: (...inputs: readonly Value[]) => Value;
  /** The range inputs are drawn from. @default [-2, 2] */
  readonly range?: readonly [number, number];
  /** Draw distinct whole numbers / 4 in random order, so that no two are tied or near. @default false */
  readonly distinct?: boolean;
  /** Compare values only: the op has no gradient. @default true */
  readonly differentiable?: boolean;
}

const pick = (...at: number[]) => constant(ints(at));
const codes = (...shape: number[]) =>
  constant(
    tensor(
      "int8",
      shape,
      Int8Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => ((i * 53) % 255) - 127),
    ),
  );
const raw =
  (op: o.OpName, attrs = {}) =>
  (...inputs: readonly (Value | undefined)[]) =>
    apply(op.slice(op.lastIndexOf(".") + 1), o.ops[op], inputs, attrs);
const steps = (op: o.OpName): Case => ({
  shapes: [[3, 4]],
  build: raw(op),
  differentiable: false,
});
const truth = (op: o.OpName): Case => ({
  shapes: [[3, 4], [4]],
  build: (a, b) => o.cast(raw(op)(a, b), "float32"),
  differentiable: false,
});
const logic = (op: o.OpName): Case => ({
  shapes: [[3, 4], [4]],
  build: (a, b) => o.cast(raw(op)(o.greater(a, 0), o.greater(b, 0)), "float32"),
  differentiable: false,
});

export const cases = {
  Add: {
    shapes: [
      [2, 3, 4],
      [3, 1],
    ],
    build: raw("Add"),
  },
  Sub: {
    shapes: [
      [3, 1],
      [2, 3, 4],
    ],
    build: raw("Sub"),
  },
  Mul: { shapes: [[2, 3, 4], [4]], build: raw("Mul") },
  Div: {
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: raw("Div"),
    range: [0.5, 2],
  },
  Pow: { shapes: [[2, 3], [3]], build: raw("Pow"), range: [0.5, 2] },
  Max: { shapes: [[3, 4], [4], [3, 1]], build: raw("Max"), distinct: true },
  Min: { shapes: [[3, 4], [4]], build: raw("Min"), distinct: true },
  Clip: {
    shapes: [[3, 4], [], []],
    build: (x, a, b) => raw("Clip")(x, o.mul(a, 0), b),
    distinct: true,
  },
  Mod: {
    shapes: [[7]],
    build: (x) => o.cast(o.mod(o.cast(o.mul(x, 9), "int32"), 4), "float32"),
    differentiable: false,
  },
  Equal: truth("Equal"),
  Greater: truth("Greater"),
  GreaterOrEqual: truth("GreaterOrEqual"),
  Less: truth("Less"),
  LessOrEqual: truth("LessOrEqual"),
  And: logic("And"),
  Or: logic("Or"),
  Xor: logic("Xor"),
  Not: {
    shapes: [[5]],
    build: (x) => o.cast(o.not_(o.greater(x, 0)), "float32"),
    differentiable: false,
  },
  IsNaN: {
    shapes: [[5]],
    build: (x) => o.cast(raw("IsNaN")(o.log(x)), "float32"),
    differentiable: false,
  },
  IsInf: {
    shapes: [[5]],
    build: (x) => o.cast(raw("IsInf", { detect_negative: 0 })(o.div(x, o.relu(x))), "float32"),
    differentiable: false,
  },
  Neg: { shapes: [[3, 4]], build: o.neg as Case["build"] },
  Abs: { shapes: [[3, 4]], build: raw("Abs"), distinct: true },
  Sign: steps("Sign"),
  Floor: steps("Floor"),
  Ceil: steps("Ceil"),
  Round: steps("Round"),
  Exp: { shapes: [[3, 4]], build: raw("Exp") },
  Log: { shapes: [[3, 4]], build: raw("Log"), range: [0.3, 3] },
  Sqrt: { shapes: [[3, 4]], build: raw("Sqrt"), range: [0.3, 3] },
  Reciprocal: { shapes: [[3, 4]], build: raw("Reciprocal"), range: [0.5, 3] },
  Sin: { shapes: [[3, 4]], build: raw("Sin") },
  Cos: { shapes: [[3, 4]], build: raw("Cos") },
  Tanh: { shapes: [[3, 4]], build: raw("Tanh") },
  Sigmoid: { shapes: [[3, 4]], build: raw("Sigmoid"), range: [-6, 6] },
  Softplus: { shapes: [[3, 4]], build: raw("Softplus"), range: [-6, 6] },
  Relu: { shapes: [[3, 4]], build: raw("Relu"), distinct: true },
  Erf: { shapes: [[3, 4]], build: raw("Erf"), range: [-4, 4] },
  Identity: { shapes: [[3]], build: raw("Identity") },
  Where: {
    shapes: [[3, 4], [3, 1], [4]],
    build: (c, a, b) => o.where(o.greater(c, 0), a, b),
    distinct: true,
  },
  Cast: {
    shapes: [[3]],
    build: (x) => o.cast(o.cast(o.mul(x, 5), "int64"), "float32"),
    differentiable: false,
  },
  Gelu: { shapes: [[3, 5]], build: raw("Gelu"), range: [-4, 4] },
  "com.microsoft.Gelu": { shapes: [[3, 5]], build: raw("com.microsoft.Gelu"), range: [-4, 4] },
  "com.microsoft.FastGelu": {
    shapes: [[3, 5], [5]],
    build: raw("com.microsoft.FastGelu"),
    range: [-4, 4],
  },
  "com.microsoft.QuickGelu": {
    shapes: [[3, 5]],
    build: (x) => o.add(o.silu(x), o.silu(o.mul(x, 0.5), 1.702)),
    range: [-4, 4],
  },
  MatMul: {
    shapes: [
      [2, 3, 4],
      [4, 5],
    ],
    build: raw("MatMul"),
  },
  "com.microsoft.FusedMatMul": {
    shapes: [
      [2, 1, 4, 3],
      [2, 5, 4],
    ],
    build: (a, b) => o.matmul(a, b, { transA: true, transB: true, alpha: 0.5 }),
  },
  Gemm: {
    shapes: [[4, 3], [5, 4], [5]],
    build: raw("Gemm", { transA: 1, transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } }),
  },
  Shape: {
    shapes: [[2, 3]],
    build: (x) => o.cast(raw("Shape")(x), "float32"),
    differentiable: false,
  },
  Size: {
    shapes: [[2, 3]],
    build: (x) => o.cast(o.elementCount(x), "float32"),
    differentiable: false,
  },
  Reshape: { shapes: [[2, 3, 4]], build: (x) => o.reshape(x, [0, -1]) },
  Transpose: { shapes: [[2, 3, 4]], build: (x) => o.transpose(x, [2, 0, 1]) },
  Unsqueeze: { shapes: [[2, 3]], build: (x) => o.unsqueeze(x, [0, -1]) },
  Squeeze: { shapes: [[1, 3, 1]], build: (x) => o.squeeze(x, [0, 2]) },
  Concat: {
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: (a, b) => o.concat([a, b, a], 1),
  },
  Split: {
    shapes: [[2, 5]],
    build: (x) => o.mul(o.split(x, [2, 2, 1], 1)[1], o.split(x, [2, 2, 1], 1)[2]),
  },
  Flatten: { shapes: [[2, 3, 4]], build: raw("Flatten", { axis: 2 }) },
  Slice: { shapes: [[4, 5]], build: (x) => o.slice(x, { start: -4, end: -1, axis: 1 }) },
  Pad: { shapes: [[2, 3]], build: (x) => o.pad(x, [0, 1, 2, 0]) },
  ConstantOfShape: { shapes: [[2, 3]], build: (x) => o.onesLike(x), differentiable: false },
  Range: {
    shapes: [[5]],
    build: (x) => o.cast(o.range(o.dimOf(x, 0)), "float32"),
    differentiable: false,
  },
  ReduceSum: { shapes: [[2, 3, 4]], build: (x) => o.reduceSum(x, { axes: [0, -1] }) },
  ReduceMean: { shapes: [[2, 3, 4]], build: (x) => o.reduceMean(x, { axes: [1], keep: true }) },
  ReduceMax: { shapes: [[2, 3, 4]], build: (x) => o.reduceMax(x, { axes: [1] }), distinct: true },
  ReduceMin: {
    shapes: [[2, 3, 4]],
    build: (x) => o.reduceMin(x, { axes: [-1], keep: true }),
    distinct: true,
  },
  ReduceSumSquare: {
    shapes: [[2, 3, 4]],
    build: (x) => raw("ReduceSumSquare", { keepdims: 0 })(x, int64s([0, 2])),
  },
  ReduceL2: { shapes: [[2, 3, 4]], build: (x) => raw("ReduceL2")(x, int64s([-1])) },
  ReduceProd: {
    shapes: [[2, 3]],
    build: (x) => raw("ReduceProd", { keepdims: 0 })(x, int64s([1])),
    differentiable: false,
  },
  Expand: { shapes: [[3, 1]], build: (x) => o.expand(x, int64s([2, 3, 4])) },
  Tile: { shapes: [[2, 1, 3]], build: (x) => raw("Tile")(x, int64s([1, 4, 2])) },
  ArgMax: {
    shapes: [[3, 4]],
    build: (x) => o.cast(o.argMax(x, 1), "float32"),
    distinct: true,
    differentiable: false,
  },
  Gather: { shapes: [[5, 3]], build: (x) => o.gather(x, pick(4, 0, 4, 4)) },
  GatherElements: {
    shapes: [[3, 4]],
    build: (x) => o.gatherElements(x, constant(longs([0, 3, 3, 1, 2, 2], [3, 2])), 1),
  },
  ScatterElements: {
    shapes: [
      [4, 2],
      [3, 2],
    ],
    build: (x, u) => o.scatterElements(x, constant(longs([0, 3, 0, 1, 2, 1], [3, 2])), u, 0),
  },
  GatherND: {
    shapes: [[2, 3, 4]],
    build: (x) => raw("GatherND", { batch_dims: 1 })(x, constant(longs([2, -2, 0, 2], [2, 2, 1]))),
    differentiable: false,
  },
  ScatterND: {
    shapes: [
      [3, 2, 4],
      [2, 4],
    ],
    build: (x, u) => raw("ScatterND")(x, constant(longs([2, 1, 0, 0], [2, 2])), u),
  },
  TopK: { shapes: [[3, 6]], build: (x) => o.topK(x, 2)[0], distinct: true },
  CumSum: {
    shapes: [[2, 5]],
    build: (x) => raw("CumSum", { exclusive: 1 })(x, constant(ints([1], []))),
  },
  Trilu: {
    shapes: [[4, 4]],
    build: (x) =>
      raw("Trilu", { upper: 0 })(x, constant(tensor("int64", [], BigInt64Array.of(1n)))),
  },
  NonZero: {
    shapes: [[3, 3]],
    build: (x) => o.cast(raw("NonZero")(o.relu(x)), "float32"),
    distinct: true,
    differentiable: false,
  },
  Softmax: { shapes: [[2, 3, 4]], build: (x) => o.softmax(x, 1) },
  LogSoftmax: { shapes: [[3, 4]], build: (x) => o.logSoftmax(x) },
  LayerNormalization: {
    shapes: [[2, 3, 4], [4], [4]],
    build: (x, s, b) => o.layerNorm(x, s, b),
  },
  SimplifiedLayerNormalization: { shapes: [[2, 3, 4], [4]], build: (x, s) => o.rmsNorm(x, s) },
  "com.microsoft.RotaryEmbedding": {
    shapes: [[1, 3, 8]],
    build: (x) => {
      const table = (from: number) =>
        constant(
          floats(
            Array.from({ length: 8 }, (_, i) => Math.sin(from + i)),
            [4, 2],
          ),
        );
      return o.rotary(x, constant(longs([2, 0, 3], [1, 3])), table(0), table(9));
    },
  },
  QuantizeLinear: {
    shapes: [[3, 4]],
    // One scale for all, and one for each row, of unsigned codes.
    build: (x) => {
      const all = o.quantizeLinear(x, constant(floats([0.02], [])));
      const zero = constant(tensor("uint8", [3], Uint8Array.of(128, 100, 128)));
      const rows = o.quantizeLinear(x, constant(floats([0.02, 0.03, 0.05])), { zero, axis: 0 });
      return o.add(o.cast(all, "float32"), o.cast(rows, "float32"));
    },
    differentiable: false,
  },
  DequantizeLinear: {
    shapes: [[3, 4]],
    build: (x) => {
      const scale = (value: number) => constant(floats([value], []));
      return o.dequantizeLinear(o.quantizeLinear(x, scale(0.02)), scale(0.5));
    },
    differentiable: false,
  },
  MatMulInteger: {
    shapes: [[2, 3], [4]],
    build: (x) => {
      const scale = constant(floats([0.02], []));
      return o.cast(o.matmulInteger(o.quantizeLinear(x, scale), codes(3, 4)), "float32");
    },
    differentiable: false,
  },
  "com.microsoft.MatMulIntegerToFloat": {
    shapes: [[2, 3], [4]],
    build: (x, bias) => {
      const [one, each] = [constant(floats([0.02], [])), constant(floats([0.1, 0.2, 0.3, 0.4]))];
      const product = raw("com.microsoft.MatMulIntegerToFloat");
      const [a, b] = [o.quantizeLinear(x, one), codes(3, 4)];
      return product(a, b, one, each, undefined, undefined, bias);
    },
    differentiable: false,
  },
  "com.microsoft.MatMulNBits": {
    shapes: [[2, 32]],
    // Products in float32: what is tried is the order of codes, not the rounding of rows.
    build: (x) => {
      const bytes = Uint8Array.from({ length: 3 * 2 * 8 }, (_, i) => (i * 37) % 256);
      const packed = constant(tensor("uint8", [3, 2, 8], bytes));
      const scales = constant(floats([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]));
      const attrs = { K: 32, N: 3, bits: 4, block_size: 16 };
      return raw("com.microsoft.MatMulNBits", attrs)(x, packed, scales);
    },
    differentiable: false,
  },
} as const satisfies Record<o.OpName, Case>;
