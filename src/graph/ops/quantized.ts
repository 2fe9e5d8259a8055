/** Numbers as integers with a scale, and products of such. */
import { roundEven } from "../../tensor/codes.ts";
import { tensor } from "../../tensor/tensor.ts";
import { type Array64, array64, strides } from "../array64.ts";
import type { Dim } from "../dim.ts";
import { type Attributes, constant, type Value } from "../node.ts";
import { apply, misfit, none, type Op, showType } from "../op.ts";

/** Of a code type: the least and the greatest. */
const ranges = { int8: [-128, 127], uint8: [0, 255] } as const;

export type CodeType = keyof typeof ranges;

const steps = none(
  "it rounds: a step function. Training passes straight through it, by a rule of its node",
);
const codes = none("its inputs are integers");

function isCodeType(dtype: string): dtype is CodeType {
  return Object.hasOwn(ranges, dtype);
}

/** For each element of `x` the place of its scale: one for all, or one for each place along the axis. */
function scaleAt(x: Array64, scale: Array64, axis: number): (flat: number) => number {
  if (scale.data.length === 1) return () => 0;
  const at = axis < 0 ? axis + x.shape.length : axis;
  const step = strides(x.shape)[at];
  return (flat) => Math.floor(flat / step) % x.shape[at];
}

const axisOf = (attrs: Attributes) => Number(attrs.axis ?? 1);

function inferProduct(op: string, dtype: Value["dtype"]): Op["infer"] {
  return ([a, b]) => {
    const [inner, columns] = b.shape;
    const last = a.shape.at(-1) as Dim;
    const agree = typeof last !== "number" || typeof inner !== "number" || last === inner;
    if (isCodeType(a.dtype) && isCodeType(b.dtype) && b.shape.length === 2 && agree) {
      return [{ dtype, shape: [...a.shape.slice(0, -1), columns] }];
    }
    throw misfit(
      op,
      `${showType(a)} · ${showType(b)}`,
      "integers of 8 bits whose inner sizes agree",
    );
  };
}

/** `(a − zeroA) (b − zeroB)`, `[…, K] · [K, N]`. */
function multiply(a: Array64, b: Array64, zeroA?: Array64, zeroB?: Array64): Array64 {
  const [inner, columns] = b.shape;
  const rows = a.data.length / inner;
  const out = array64([...a.shape.slice(0, -1), columns]);
  const zero = (zeros: Array64 | undefined, at: number) =>
    zeros === undefined ? 0 : zeros.data[zeros.data.length === 1 ? 0 : at];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let total = 0;
      for (let k = 0; k < inner; k++) {
        const left = a.data[i * inner + k] - zero(zeroA, 0);
        total += left * (b.data[k * columns + j] - zero(zeroB, j));
      }
      out.data[i * columns + j] = total;
    }
  }
  return out;
}

export const quantized = {
  /** `saturate(round(x / scale) + zeroPoint)`; the codes are of the zero point's type. */
  QuantizeLinear: {
    since: 13,
    infer: ([x, , zero]) => {
      const dtype = zero?.dtype ?? "uint8";
      if (isCodeType(dtype)) return [{ dtype, shape: x.shape }];
      throw misfit("QuantizeLinear", showType(zero), "a zero point of 8 bits");
    },
    grad: steps,
    eval: ([x, scale, zero], attrs, node) => {
      const [low, high] = ranges[node.outputs[0].dtype as CodeType];
      const at = scaleAt(x, scale, axisOf(attrs));
      const data = x.data.map((value, flat) => {
        const code = roundEven(value / scale.data[at(flat)]) + (zero?.data[at(flat)] ?? 0);
        return Math.min(high, Math.max(low, code));
      });
      return [{ shape: x.shape, data }];
    },
  },
  /** `(code − zeroPoint) · scale`. */
  DequantizeLinear: {
    since: 13,
    infer: ([x, scale]) => [{ dtype: scale.dtype, shape: x.shape }],
    grad: codes,
    eval: ([x, scale, zero], attrs) => {
      const at = scaleAt(x, scale, axisOf(attrs));
      const data = x.data.map(
        (code, flat) => (code - (zero?.data[at(flat)] ?? 0)) * scale.data[at(flat)],
      );
      return [{ shape: x.shape, data }];
    },
  },
  /** `(a − zeroA) (b − zeroB)` in int32. */
  MatMulInteger: {
    since: 10,
    infer: inferProduct("MatMulInteger", "int32"),
    grad: codes,
    eval: ([a, b, zeroA, zeroB]) => [multiply(a, b, zeroA, zeroB)],
  },
  /** The same times both scales, and a bias; ONNX Runtime's own. The scale of `b` may be one for each column. */
  "com.microsoft.MatMulIntegerToFloat": {
    domain: "com.microsoft",
    since: 1,
    infer: inferProduct("MatMulIntegerToFloat", "float32"),
    grad: codes,
    eval: ([a, b, scaleA, scaleB, zeroA, zeroB, bias]) => {
      const out = multiply(a, b, zeroA, zeroB);
      const columns = b.shape[1];
      out.data.forEach((total, flat) => {
        const column = flat % columns;
        const scale = scaleA.data[0] * scaleB.data[scaleB.data.length === 1 ? 0 : column];
        out.data[flat] = total * scale + (bias?.data[column] ?? 0);
      });
      return [out];
    },
  },
} as const satisfies Record<string, Op>;

interface QuantizeOptions {
  /** The codes are of its type. @default 0, as int8 */
  readonly zero?: Value;
  /** Along which `scale` and `zero` `[N]` have one for each. @default one for all */
  readonly axis?: number;
}

/** `saturate(round(x / scale) + zero)`. */
export function quantizeLinear(x: Value, scale: Value, options: QuantizeOptions = {}): Value {
  const { zero = constant(tensor("int8", [], Int8Array.of(0))), axis } = options;
  const attrs = axis === undefined ? {} : { axis };
  return apply("QuantizeLinear", quantized.QuantizeLinear, [x, scale, zero], attrs);
}

/** `code · scale`. */
export function dequantizeLinear(x: Value, scale: Value): Value {
  return apply("DequantizeLinear", quantized.DequantizeLinear, [x, scale]);
}

/** `(a − zeroA) (b − zeroB)` in int32. */
export function matmulInteger(a: Value, b: Value, zeroA?: Value, zeroB?: Value): Value {
  return apply("MatMulInteger", quantized.MatMulInteger, [a, b, zeroA, zeroB]);
}
