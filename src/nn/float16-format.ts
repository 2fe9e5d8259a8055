import { NearfoldError } from "../errors.ts";
import { float32ToFloat16, toFloat32 } from "../tensor/half.ts";
import { tensor } from "../tensor/tensor.ts";
import { fakeCast } from "./fake-codes.ts";
import type { WeightFormat } from "./weight-format.ts";

/** Floats of 16 bits: half the file, and read as the floats that they stand for. x86 multiplies them no faster. */
export const float16: WeightFormat = {
  name: "float16",
  isFloat: true,
  parts: ({ out, in: width }) => ({ "": { dtype: "float16", shape: [out, width] } }),
  quantize: ({ data, shape }) => {
    const halves = float32ToFloat16(data);
    const at = halves.findIndex((x) => !Number.isFinite(x));
    if (at < 0) return { "": tensor("float16", shape, halves) };
    const [got, wanted] = [`${data[at]}`, "within ± 65504"];
    throw new NearfoldError("bad-argument", "a weight is too large for float16", { got, wanted });
  },
  dequantize: ({ "": halves }) => toFloat32(halves),
  fake: (weight) => fakeCast(weight, "float16"),
};
