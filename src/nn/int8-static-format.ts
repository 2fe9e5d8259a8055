import { NearfoldError } from "../errors.ts";
import type { Value } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import { add, cast, quantized, quantizeLinear, reshape, transpose } from "../graph/ops/index.ts";
import { floats, tensor } from "../tensor/tensor.ts";
import { fakeActivations, fakeInRange } from "./fake-codes.ts";
import { int8Format } from "./int8-format.ts";
import type { InputRange, WeightFormat } from "./weight-format.ts";

/** Signed codes are written, as compressed-tensors has them, and unsigned ones multiplied (see `quantizeWeights`). */
const SIGN = 128;

/**
 * int8 with a scale for each output channel, its activations rounded by one scale and zero that were calibrated and stay: a vector does not depend on the others of its
 * batch, and no pass over the activations looks for their range. Written as compressed-tensors' static, asymmetric `input_activations`.
 */
export function int8StaticFormat(range?: InputRange): WeightFormat {
  const { parts, quantize, dequantize, fake } = int8Format({ bits: 8 });
  return {
    name: "int8-static",
    parts: (size) => ({
      ...parts(size),
      ".input_scale": { dtype: "float32", shape: [1] },
      ".input_zero_point": { dtype: "int8", shape: [1] },
    }),
    calibrated: int8StaticFormat,
    quantize: (weight) => ({ ...quantize(weight), ...inputParts(range) }),
    dequantize,
    fake,
    // What trains has no range yet, which moves with the weights: a scale for each row comes nearest.
    fakeInput: range ? (x) => fakeInRange(x, ...numbersOf(range)) : fakeActivations,
    product: (x, part) => {
      const scale = part(".input_scale");
      const zero = unsigned(part(".input_zero_point"));
      return apply("MatMulIntegerToFloat", quantized["com.microsoft.MatMulIntegerToFloat"], [
        quantizeLinear(x, scale, { zero }),
        transpose(part("")),
        scale,
        reshape(part("_scale"), [-1]),
        zero,
      ]);
    },
  };
}

/** Of a range with 0 put into it, so that 0 is a code. */
function inputParts(range: InputRange | undefined) {
  if (!range) {
    const what = "a format of calibrated activations was given no range";
    const hint = "Calibrate it first: calibrateFormats, or --data";
    throw new NearfoldError("bad-argument", what, { hint });
  }
  const [scale, zero] = numbersOf(range);
  return {
    ".input_scale": floats([scale]),
    ".input_zero_point": tensor("int8", [1], Int8Array.of(zero)),
  };
}

/** The scale, and the code of 0. */
function numbersOf(range: InputRange): [scale: number, zero: number] {
  const [low, high] = [Math.min(range.low, 0), Math.max(range.high, 0)];
  const scale = Math.fround(Math.max(high - low, LEAST) / 255);
  return [scale, Math.min(127, Math.round(-low / scale) - SIGN)];
}

function unsigned(zero: Value): Value {
  return cast(add(cast(zero, "int32"), SIGN), "uint8");
}

/** Of a layer that has only been seen to read zeros. */
const LEAST = 1e-6;
