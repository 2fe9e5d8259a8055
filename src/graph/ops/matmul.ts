/** Products of matrices. */
import { sizeOf } from "../../tensor/tensor.ts";
import { type Array64, array64, broadcastShapes, strides } from "../array64.ts";
import { broadcast, type Dim, type Shape } from "../dim.ts";
import { type Attributes, type GradientRule, int64s, type Value } from "../node.ts";
import { apply, type Inputs, misfit, type Op, showType } from "../op.ts";
import { mul } from "./elementwise.ts";
import { concat, dimOf, reshape, transpose } from "./shape.ts";

interface Flags {
  /** Transpose the last two axes of the first factor. @default false */
  readonly transA?: boolean;
  /** Transpose the last two axes of the second factor. @default false */
  readonly transB?: boolean;
  /** Scale of the product. @default 1 */
  readonly alpha?: number;
}

function flagsOf(attrs: Attributes): Required<Flags> {
  return {
    transA: attrs.transA === 1,
    transB: attrs.transB === 1,
    alpha: (attrs.alpha as { float: number } | undefined)?.float ?? 1,
  };
}

function lastTwo<D>(shape: readonly D[], swap: boolean): [D, D] {
  const [rows, columns] = [shape.at(-2) as D, shape.at(-1) as D];
  return swap ? [columns, rows] : [rows, columns];
}

function inferProduct(op: string): Op["infer"] {
  return (inputs: Inputs, attrs) => {
    const [a, b] = inputs as [Value, Value];
    const { transA, transB } = flagsOf(attrs);
    const wrong = misfit(op, `${showType(a)} · ${showType(b)}`, "inner sizes that agree");
    if (attrs.transBatchA === 1 || attrs.transBatchB === 1) throw wrong;
    if (a.shape.length < 2 || b.shape.length < 2 || a.dtype !== b.dtype) throw wrong;
    const [rows, inner] = lastTwo<Dim>(a.shape, transA);
    const [inner2, columns] = lastTwo<Dim>(b.shape, transB);
    if (typeof inner === "number" && typeof inner2 === "number" && inner !== inner2) throw wrong;
    const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
    if ("clash" in batch) throw wrong;
    return [{ dtype: a.dtype, shape: [...batch, rows, columns] as Shape }];
  };
}

function multiply(a: Array64, b: Array64, { transA, transB, alpha }: Required<Flags>): Array64 {
  const [rows, inner] = lastTwo(a.shape, transA);
  const [, columns] = lastTwo(b.shape, transB);
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const out = array64([...batch, rows, columns]);
  const offset = (x: Array64, index: number[]) => {
    const outer = x.shape.slice(0, -2);
    const steps = strides(x.shape);
    return outer.reduce((from, dim, axis) => {
      const i = index[axis + batch.length - outer.length];
      return from + (dim === 1 ? 0 : i) * steps[axis];
    }, 0);
  };
  const [aRow, aColumn] = transA ? [1, rows] : [inner, 1];
  const [bRow, bColumn] = transB ? [1, inner] : [columns, 1];
  const blocks = sizeOf(batch);
  for (let block = 0; block < blocks; block++) {
    let rest = block;
    const index = batch.map(() => 0);
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      index[axis] = rest % batch[axis];
      rest = Math.floor(rest / batch[axis]);
    }
    const [fromA, fromB] = [offset(a, index), offset(b, index)];
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let total = 0;
        for (let k = 0; k < inner; k++) {
          total += a.data[fromA + i * aRow + k * aColumn] * b.data[fromB + k * bRow + j * bColumn];
        }
        out.data[(block * rows + i) * columns + j] = alpha * total;
      }
    }
  }
  return out;
}

/** All rows of all batches as one matrix: `[…, D] -> [N, D]`. */
function asMatrix(x: Value): Value {
  const last = x.shape.length - 1;
  return last === 1 ? x : reshape(x, concat([int64s([-1]), dimOf(x, last)], 0));
}

/**
 * The gradients of `alpha · op(a) op(b)`; the accumulation loop sums over what was broadcast. That of a weight under a linear layer
 * is one product over all rows (`gᵀ a`, or `aᵀ g` where the weight lies the other way), and transposes its first factor before: ONNX
 * Runtime's product of plain matrices is a fifth faster than its transposed one, which costs more than the copy (and is why training
 * sessions set `keepTransposes`).
 */
const productGrad: GradientRule = (g, { inputs: [a, b], attrs }) => {
  const { transA, transB, alpha } = flagsOf(attrs);
  const da = transA
    ? matmul(b!, g, { transA: transB, transB: true, alpha })
    : matmul(g, b!, { transB: !transB, alpha });
  const isLinear = b!.shape.length === 2 && !transA && alpha === 1;
  if (isLinear && transB) return [da, matmul(transpose(asMatrix(g)), asMatrix(a!))];
  if (isLinear && a!.shape.length > 2) return [da, matmul(transpose(asMatrix(a!)), asMatrix(g))];
  const db = transB
    ? matmul(g, a!, { transA: true, transB: transA, alpha })
    : matmul(a!, g, { transA: !transA, alpha });
  return [da, db];
};

export const products = {
  MatMul: {
    since: 13,
    infer: inferProduct("MatMul"),
    grad: productGrad,
    eval: ([a, b]) => [multiply(a, b, { transA: false, transB: false, alpha: 1 })],
  },
  /** `alpha · op(a) op(b)` without writing a transposed copy; ONNX Runtime's own. */
  "com.microsoft.FusedMatMul": {
    domain: "com.microsoft",
    since: 1,
    infer: inferProduct("FusedMatMul"),
    grad: productGrad,
    eval: ([a, b], attrs) => [multiply(a, b, flagsOf(attrs))],
  },
  /** `alpha op(a) op(b) + beta c` on matrices. */
  Gemm: {
    since: 13,
    infer: inferProduct("Gemm"),
    grad: (g, node) => {
      const { inputs, attrs } = node;
      const [da, db] = productGrad(g, node, []);
      const beta = (attrs.beta as { float: number } | undefined)?.float ?? 1;
      return [da, db, inputs[2] && (beta === 1 ? g : mul(g, beta))];
    },
    eval: ([a, b, c], attrs) => {
      const out = multiply(a, b, flagsOf(attrs));
      const beta = (attrs.beta as { float: number } | undefined)?.float ?? 1;
      const width = out.shape[1];
      if (c) {
        const wide = c.shape.at(-1) !== 1;
        const tall = c.shape.length === 2 && c.shape[0] !== 1;
        out.data.forEach((_, flat) => {
          const [i, j] = [Math.floor(flat / width), flat % width];
          const from = (tall ? i * (c.shape[1] as number) : 0) + (wide ? j : 0);
          out.data[flat] += beta * c.data[from];
        });
      }
      return [out];
    },
  },
} as const satisfies Record<string, Op>;

/** `alpha · op(a) op(b)`; plain `MatMul` where nothing is transposed or scaled. */
export function matmul(a: Value, b: Value, flags: Flags = {}): Value {
  const { transA = false, transB = false, alpha = 1 } = flags;
  if (!transA && !transB && alpha === 1) return apply("MatMul", products.MatMul, [a, b]);
  return apply("FusedMatMul", products["com.microsoft.FusedMatMul"], [a, b], {
    transA: transA ? 1 : 0,
    transB: transB ? 1 : 0,
    alpha: { float: alpha },
  });
}
