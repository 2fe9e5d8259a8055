/** Rewrites a graph into ONNX's own domain, so that it runs wherever ONNX does. */
import { NearfoldError } from "../errors.ts";
import type { Node, Value } from "../graph/node.ts";
import {
  add,
  cast,
  concat,
  div,
  erf,
  gather,
  matmul,
  matmulInteger,
  mul,
  type OpName,
  pow,
  reciprocal,
  reduceMean,
  reshape,
  sigmoid,
  slice,
  sqrt,
  sub,
  tanh,
  transpose,
  unsqueeze,
} from "../graph/ops/index.ts";
import { rewrite } from "../graph/rewrite.ts";

/** Ops that only ONNX Runtime has; one of them is spelled as if it were ONNX's. */
type RuntimeOp =
  | Exclude<Extract<OpName, `com.microsoft.${string}`>, "com.microsoft.MatMulNBits">
  | "SimplifiedLayerNormalization";

/** What to write instead of each, in the form that ONNX Runtime's optimizer fuses back where it has one. */
const rules: Readonly<Record<RuntimeOp, (node: Node) => readonly Value[]>> = {
  "com.microsoft.Gelu": ({ inputs: [x] }) => [mul(mul(x!, add(erf(div(x!, Math.SQRT2)), 1)), 0.5)],
  "com.microsoft.FastGelu": ({ inputs: [given, bias] }) => {
    const x = bias ? add(given!, bias) : given!;
    const cubic = add(mul(mul(mul(x, x), 0.044715), x), x);
    return [mul(mul(x, add(tanh(mul(cubic, Math.sqrt(2 / Math.PI))), 1)), 0.5)];
  },
  "com.microsoft.QuickGelu": ({ inputs: [x], attrs }) => {
    const alpha = floatOf(attrs.alpha) ?? 1.702;
    return [mul(x!, sigmoid(alpha === 1 ? x! : mul(x!, alpha)))];
  },
  "com.microsoft.FusedMatMul": ({ inputs: [a, b], attrs }) => {
    const alpha = floatOf(attrs.alpha) ?? 1;
    const product = matmul(
      attrs.transA === 1 ? swapped(a!) : a!,
      attrs.transB === 1 ? swapped(b!) : b!,
    );
    return [alpha === 1 ? product : mul(product, alpha)];
  },
  "com.microsoft.MatMulIntegerToFloat": ({
    inputs: [a, b, scaleA, scaleB, zeroA, zeroB, bias],
  }) => {
    const product = cast(matmulInteger(a!, b!, zeroA, zeroB), "float32");
    const scaled = mul(mul(product, scaleB!), scaleA!);
    return [bias ? add(scaled, bias) : scaled];
  },
  SimplifiedLayerNormalization: ({ inputs: [x, scale], attrs }) => {
    const square = reduceMean(pow(x!, 2), { axes: [-1], keep: true });
    const root = sqrt(add(square, floatOf(attrs.epsilon) ?? 1e-5));
    return [mul(div(x!, root), scale!), reciprocal(root)];
  },
  "com.microsoft.RotaryEmbedding": ({ inputs: [x, rows, cos, sin] }) => {
    const [half, width] = [cos!.shape[1] as number, x!.shape[2] as number];
    const table = (values: Value) => unsqueeze(gather(values, rows!), [2]);
    const [c, s] = [table(cos!), table(sin!)];
    const heads = reshape(x!, [1, -1, width / (2 * half), 2 * half]);
    const first = slice(heads, { start: 0, end: half, axis: 3 });
    const second = slice(heads, { start: half, end: 2 * half, axis: 3 });
    const turned = [sub(mul(first, c), mul(second, s)), add(mul(second, c), mul(first, s))];
    return [reshape(concat(turned, 3), [1, -1, width])];
  },
};

/** Products with weights of a few bits: their only other form is a copy of the weight in full, which is what they are there to avoid. */
const kept: ReadonlySet<string> = new Set(["com.microsoft.MatMulNBits"]);

/**
 * The same values by ONNX's own ops, of the lowest opset that has them (the exact GELU by Erf, where the op of that name
 * needs opset 20). Attributes that our builders never write (batched transposition) are refused.
 * @throws unsupported for an op of another domain that the table has no rule for
 */
export function toDefaultDomain(values: readonly Value[]): Value[] {
  return rewrite(values, (node) => {
    const key = node.domain === "" ? node.op : `${node.domain}.${node.op}`;
    if (Object.hasOwn(rules, key) && !batchTransposed(node)) return rules[key as RuntimeOp](node);
    if (node.domain === "" || node.domain === "ai.onnx" || kept.has(key)) return undefined;
    throw new NearfoldError("unsupported", "an op has no form in ONNX's own domain", {
      at: node.name ?? key,
      got: key,
      wanted: Object.keys(rules).join(", "),
    });
  });
}

function batchTransposed({ attrs }: Node): boolean {
  return attrs.transBatchA === 1 || attrs.transBatchB === 1;
}

function floatOf(attribute: Node["attrs"][string]): number | undefined {
  return (attribute as { readonly float: number } | undefined)?.float;
}

/** The last two axes exchanged. */
function swapped(x: Value): Value {
  const axes = [...x.shape.keys()];
  return transpose(x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
}
