/** Products with weights of a few bits, which have a scale for each block of a row. */
import { type Array64, array64 } from "../array64.ts";
import type { Attributes, Value } from "../node.ts";
import { apply, misfit, none, type Op, showType } from "../op.ts";

interface Form {
  /** Width of a row. */
  readonly inner: number;
  /** Rows of the weight. */
  readonly out: number;
  readonly bits: number;
  /** Weights that share a scale. */
  readonly block: number;
}

function formOf({ K, N, bits, block_size }: Attributes): Form {
  return { inner: Number(K), out: Number(N), bits: Number(bits ?? 4), block: Number(block_size) };
}

/** `W` `[out, in]` of its codes: fields of `bits` bits, the lowest first. */
function decode(codes: Array64, scales: Array64, { inner, out, bits, block }: Form): Array64 {
  const weight = array64([out, inner]);
  const blocks = Math.ceil(inner / block);
  const perByte = 8 / bits;
  const zero = 2 ** (bits - 1);
  for (let row = 0; row < out; row++) {
    for (let column = 0; column < inner; column++) {
      const at = (row * blocks + Math.floor(column / block)) * block + (column % block);
      const byte = codes.data[Math.floor(at / perByte)];
      const code = (byte >> (bits * (at % perByte))) & (2 ** bits - 1);
      const scale = scales.data[row * blocks + Math.floor(column / block)];
      weight.data[row * inner + column] = (code - zero) * scale;
    }
  }
  return weight;
}

export const blockwise = {
  /**
   * `x Wᵀ` for a weight of 4 or 8 bits; ONNX Runtime's own. Codes `[out, in / block, block · bits / 8]`, scales `[out · in / block]`; the
   * middle of the codes' range is 0. `accuracy_level` 4 lets it round `x` to int8, block by block of each row.
   */
  "com.microsoft.MatMulNBits": {
    domain: "com.microsoft",
    since: 1,
    infer: ([x, codes, scales], attrs) => {
      const { inner, out } = formOf(attrs);
      const last = x.shape.at(-1);
      const fits = last === inner || typeof last !== "number";
      if (fits && codes.dtype === "uint8" && scales.dtype === x.dtype) {
        return [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), out] }];
      }
      const got = `${showType(x)} · ${showType(codes)}`;
      throw misfit("MatMulNBits", got, `rows of ${inner}, codes as uint8`);
    },
    grad: none("a weight of a few bits is not multiplied the other way round here"),
    eval: ([x, codes, scales], attrs) => {
      const form = formOf(attrs);
      const { inner, out } = form;
      const weight = decode(codes, scales, form);
      const product = array64([...x.shape.slice(0, -1), out]);
      product.data.forEach((_, flat) => {
        const [row, column] = [Math.floor(flat / out), flat % out];
        let total = 0;
        for (let k = 0; k < inner; k++) {
          total += x.data[row * inner + k] * weight.data[column * inner + k];
        }
        product.data[flat] = total;
      });
      return [product];
    },
  },
} as const satisfies Record<string, Op>;

/** `x Wᵀ`: `[T, in] -> [T, out]`. */
export function matmulBlocks(
  x: Value,
  codes: Value,
  scales: Value,
  { in: K, out: N, bits, block }: { in: number; out: number; bits: 4 | 8; block: number },
): Value {
  const attrs = { K, N, bits, block_size: block, accuracy_level: 4 };
  return apply("MatMulNBits", blockwise["com.microsoft.MatMulNBits"], [x, codes, scales], attrs);
}
