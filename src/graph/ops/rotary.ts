/** Rotation of pairs of elements, by which attention knows positions. */
import { array64 } from "../array64.ts";
import type { Value } from "../node.ts";
import { apply, misfit, type Op, showType } from "../op.ts";
import { neg } from "./elementwise.ts";

export const rotations = {
  /**
   * RoFormer's rotation (Su et al., arXiv:2104.09864) in the half-split layout: elements `i` and `i + K/2` of each head are a pair.
   * Inputs: x `[1, T, H · K]`, the row of the tables for each token `[1, T]` int64, cosines and sines `[M, K/2]`. ONNX Runtime's own.
   */
  "com.microsoft.RotaryEmbedding": {
    domain: "com.microsoft",
    since: 1,
    infer: ([x, rows, cos, sin], attrs) => {
      const [width, half] = [x.shape[2], cos.shape[1]];
      const { interleaved, num_heads: heads, rotary_embedding_dim: part, scale } = attrs;
      const isOther = [interleaved, heads, part].some(
        (value) => value !== undefined && value !== 0,
      );
      const ranks = [x, rows, cos, sin].map(({ shape }) => shape.length);
      if (isOther || scale !== undefined || `${ranks}` !== "3,2,2,2") {
        throw misfit(
          "RotaryEmbedding",
          `${showType(x)}, other settings`,
          "whole heads, end to end",
        );
      }
      if (typeof width === "number" && typeof half === "number" && width % (2 * half) !== 0) {
        throw misfit("RotaryEmbedding", `${showType(x)}, ${showType(cos)}`, "whole heads");
      }
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    // The inverse of a rotation is the rotation by the negated angle; the tables are constants.
    grad: (g, { inputs: [, rows, cos, sin] }) => [rotary(g, rows!, cos!, neg(sin!))],
    eval: ([x, rows, cos, sin]) => {
      const out = array64(x.shape);
      const [, tokens, width] = x.shape;
      const half = cos.shape[1];
      for (let t = 0; t < tokens; t++) {
        const row = rows.data[t] * half;
        for (let head = t * width; head < (t + 1) * width; head += 2 * half) {
          for (let i = 0; i < half; i++) {
            const [c, s] = [cos.data[row + i], sin.data[row + i]];
            const [a, b] = [x.data[head + i], x.data[head + half + i]];
            out.data[head + i] = a * c - b * s;
            out.data[head + half + i] = b * c + a * s;
          }
        }
      }
      return [out];
    },
  },
} as const satisfies Record<string, Op>;

/** `[1, T, H · K]`, rows `[1, T]` int64, tables `[M, K/2]` -> `[1, T, H · K]`. */
export function rotary(x: Value, rows: Value, cos: Value, sin: Value): Value {
  return apply("RotaryEmbedding", rotations["com.microsoft.RotaryEmbedding"], [x, rows, cos, sin]);
}
