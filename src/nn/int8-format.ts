import { scalar, type Value } from "../graph/node.ts";
import { apply } from "../graph/op.ts";
import { cast, gather, mul, quantized, reshape, transpose } from "../graph/ops/index.ts";
import { dequantizeRows, quantizeRows } from "../tensor/codes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { fakeActivations, fakeRows } from "./fake-codes.ts";
import type { RoundedRows, WeightFormat } from "./weight-format.ts";

/** Codes `[out, in]` and a scale for each row. */
const held = (bits: 7 | 8): Pick<WeightFormat, "parts" | "quantize" | "dequantize" | "fake"> => ({
  parts: ({ out, in: width }) => ({
    "": { dtype: "int8", shape: [out, width] },
    _scale: { dtype: "float32", shape: [out, 1] },
  }),
  quantize: (weight) => {
    const { codes, scale } = quantizeRows(weight, { bits });
    return { "": codes, _scale: scale };
  },
  dequantize: ({ "": codes, _scale: scale }) =>
    dequantizeRows({ codes: codes as Tensor<"int8">, scale: scale as Tensor<"float32"> }),
  fake: (weight) => fakeRows(weight, { bits }),
});

/**
 * int8 with a scale for each output channel, its activations rounded to int8 with a scale for each token: a vector does not depend on the others of its batch. With 7 bits no
 * sum of two products leaves 16 bits, where processors without VNNI saturate (AVX2's `vpmaddubsw`).
 */
export function int8Format({ bits }: { readonly bits: 7 | 8 }): WeightFormat {
  return {
    name: `int${bits}`,
    ...held(bits),
    fakeInput: fakeActivations,
    product: (x, part, _, rows) => {
      const scale = reshape(part("_scale"), [-1]);
      return multiplyRows(rows(x), transpose(part("")), scale);
    },
    // The scales of W's rows go with g's columns: the codes are the same, as they lie.
    back: (g, part, _, rows) =>
      multiplyRows(rows(mul(g, reshape(part("_scale"), [-1]))), part(""), scalar(1)),
  };
}

/** Rounded rows times codes `[K, N]` with a scale for each column, or one for all. */
export function multiplyRows(
  { codes, zero, scale }: RoundedRows,
  weight: Value,
  columns: Value,
): Value {
  const op = quantized["com.microsoft.MatMulIntegerToFloat"];
  const inputs = [codes, weight, scalar(1), columns, zero];
  return mul(apply("MatMulIntegerToFloat", op, inputs), scale);
}

/** Tables: int8 with a scale for each row, which is a float again when it is looked up. */
export const int8Rows: WeightFormat = {
  name: "int8-rows",
  ...held(8),
  rows: (part, indices) => {
    const codes = cast(gather(part(""), indices), "float32");
    return mul(codes, gather(part("_scale"), indices));
  },
};
