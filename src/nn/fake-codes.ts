/**
 * Rounding as a graph of floats, which can be trained through: what comes out is what codes and scales come back as, and its gradient passes straight through (Bengio et al.,
 * arXiv:1308.3432; Jacob et al., arXiv:1712.05877). Scales follow the weights and have no gradient of their own.
 */
import { type GradientRule, scalar, type Value } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import {
  abs,
  div,
  elementwise,
  equal,
  greater,
  maximum,
  mul,
  neg,
  reduceMax,
  reduceMin,
  reshape,
  where,
} from "../graph/ops/index.ts";
import { type CodeRange, codeRange, type RowCodesOptions } from "../tensor/codes.ts";
import { dtypes, type FloatDType } from "../tensor/dtype.ts";

/** `dequantizeRows(quantizeRows(weight, options))`, exactly: `[N, D]`. */
export function fakeRows(
  weight: Value,
  { bits = 8, block, reach: asked }: RowCodesOptions = {},
): Value {
  const { low, high, reach } = codeRange(bits, asked);
  const parts = block === undefined ? weight : inBlocks(weight, block);
  const last = { axes: [parts.shape.length - 1], keep: true } as const;
  const found = div(reach > 0 ? reduceMax(abs(parts), last) : greatestOf(parts, last), reach);
  const scale = where(equal(found, 0), 1, found);
  const rounded = roundThrough(parts, scale, { low, high });
  return block === undefined ? rounded : reshape(rounded, [-1, weight.shape[1] as number]);
}

/** Rows of activations `[T, D]` as a product of int8 sees them: a scale each, `max |x| / 127`. */
export function fakeActivations(x: Value): Value {
  const greatest = reduceMax(abs(x), { axes: [x.shape.length - 1], keep: true });
  // A row of zeros must not be divided by 0.
  const scale = maximum(mul(greatest, 1 / 127), 1e-12);
  return roundThrough(x, scale, { low: -128, high: 127 });
}

/** Activations as `codes · scale` with 256 codes from one end of a range to the other: the code of 0 is `zero`, from −128 to 127. */
export function fakeInRange(x: Value, scale: number, zero: number): Value {
  return roundThrough(x, scalar(scale), { low: -128 - zero, high: 127 - zero });
}

/** Rows cut into blocks: `[N, D] -> [N, D / block, block]`. */
function inBlocks(weight: Value, block: number): Value {
  const width = weight.shape[1] as number;
  return reshape(weight, [-1, width / block, block]);
}

/** The number that lies farthest from 0; of two, the negative one. */
function greatestOf(parts: Value, last: { readonly axes: readonly number[]; readonly keep: true }) {
  const [high, low] = [reduceMax(parts, last), reduceMin(parts, last)];
  return where(greater(high, neg(low)), high, low);
}

/** What is left of numbers that were floats of another type for a while. */
export function fakeCast(x: Value, dtype: FloatDType): Value {
  const to = (value: Value, type: FloatDType) =>
    apply("Cast", elementwise.Cast, [value], { to: dtypes[type].onnx }, through);
  return to(to(x, dtype), "float32");
}

/** `clamp(round(x / scale)) · scale`, whose gradient is that of `x`. */
function roundThrough(x: Value, scale: Value, { low, high }: Omit<CodeRange, "reach">): Value {
  const { Div, Round, Clip, Mul } = elementwise;
  const steps = apply("Div", Div, [x, scale], {}, through);
  const rounded = apply("Round", Round, [steps], {}, through);
  const codes = apply("Clip", Clip, [rounded, scalar(low), scalar(high)], {}, through);
  return apply("Mul", Mul, [codes, scale], {}, through);
}

/** What comes to the output goes to the first input, as if nothing had been done. */
const through: GradientRule = (g) => [g];
