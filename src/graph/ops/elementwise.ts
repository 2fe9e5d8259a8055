/** Ops that work on each element alone, with numpy's broadcasting. */
import { NearfoldError } from "../../errors.ts";
import { type DType, dtypes, isFloat } from "../../tensor/dtype.ts";
import { array64, at, broadcastShapes, tabulate } from "../array64.ts";
import { broadcast } from "../dim.ts";
import {
  type Attributes,
  constantInts,
  constantOf,
  type GradientRule,
  scalar,
  type Value,
} from "../node.ts";
import { apply, type Inputs, misfit, none, type Op, showType } from "../op.ts";

/** A number stands for a scalar constant of the other operand's dtype. */
export type Operand = Value | number;

/** Ops whose inputs may be of several dtypes. */
const mixed: ReadonlySet<string> = new Set(["Pow", "Where"]);

/** The shape of all inputs broadcast together, the dtype of the first (or as given). */
function broadcastInfer(op: string, dtype?: DType): Op["infer"] {
  return (inputs) => {
    const [first] = inputs as [Value];
    const shape = inputs.reduce((shape, input) => {
      const both = broadcast(shape, input.shape);
      if ("clash" in both) {
        throw misfit(op, inputs.map(showType).join(" and "), `equal sizes (or 1) at ${both.clash}`);
      }
      return both;
    }, first.shape);
    if (!mixed.has(op) && inputs.some((input) => input.dtype !== first.dtype)) {
      throw misfit(op, inputs.map(showType).join(" and "), "equal dtypes");
    }
    return [{ dtype: dtype ?? first.dtype, shape }];
  };
}

function unary(
  op: string,
  since: number,
  f: (x: number) => number,
  grad: Op["grad"],
  dtype?: DType,
): Op {
  return {
    since,
    infer: broadcastInfer(op, dtype),
    grad,
    eval: ([x]) => [{ shape: x.shape, data: x.data.map(f) }],
  };
}

function binary(
  op: string,
  since: number,
  f: (a: number, b: number) => number,
  grad: Op["grad"],
  dtype?: DType,
): Op {
  const infer = broadcastInfer(op, dtype);
  return {
    since,
    infer: (inputs, attrs) => {
      if (inputs.length === 2) return infer(inputs, attrs);
      throw misfit(op, `${inputs.length} inputs`, "two");
    },
    grad,
    eval: ([a, b]) => [
      tabulate(broadcastShapes(a.shape, b.shape), (index) => f(at(a, index), at(b, index))),
    ],
  };
}

/** As `binary`, for any number of inputs. Ties share the gradient. */
function extremum(op: string, f: (a: number, b: number) => number): Op {
  return {
    since: 13,
    infer: broadcastInfer(op),
    grad: (g, { inputs, outputs: [y] }) => {
      const winners = inputs.map((x) => cast(equal(x!, y), y.dtype));
      const share = div(
        g,
        winners.reduce((a, b) => add(a, b)),
      );
      return winners.map((winner) => mul(winner, share));
    },
    eval: (inputs) => [
      tabulate(broadcastShapes(...inputs.map(({ shape }) => shape)), (index) =>
        inputs.map((x) => at(x, index)).reduce((a, b) => f(a, b)),
      ),
    ],
  };
}

const step = none("a step function: its gradient is zero wherever it has one");
const boolean = none("its output is a truth value");
const not = (f: (a: number, b: number) => boolean) => (a: number, b: number) => +f(a, b);

/** Abramowitz and Stegun 7.1.26 is too coarse for float64: the series near 0, the continued fraction beyond. */
export function erfOf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let total = a;
    for (let n = 1; Math.abs(term) > 1e-17 * total; n++) {
      term *= (-a * a) / n;
      total += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * total) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)));
}

const sigmoidOf = (x: number) => 1 / (1 + Math.exp(-x));
/** Rounds half to even, as ONNX's Round does. */
const roundOf = (x: number) => {
  const nearest = Math.round(x);
  return nearest - x === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
};

/** d GELU / dx = Φ(x) + x φ(x) = ½ (1 + erf u + u e^(ln(2/√π) − u²)), u = x / √2: few passes over the array. */
const geluGrad: GradientRule = (g, { inputs: [x] }) => {
  const u = mul(x!, Math.SQRT1_2);
  const density = mul(u, exp(sub(Math.log(2 / Math.sqrt(Math.PI)), mul(u, u))));
  return [mul(g, mul(add(add(erf(u), density), 1), 0.5))];
};

/** d GELU_tanh / dx, Hendrycks and Gimpel, arXiv:1606.08415 §2, with u = √(2/π) (x + 0.044715 x³). */
const geluTanhGrad: GradientRule = (g, { inputs: [x] }) => {
  const c = Math.sqrt(2 / Math.PI);
  const square = mul(x!, x!);
  const t = tanh(mul(mul(x!, add(mul(square, 0.044715), 1)), c));
  const du = add(mul(square, 3 * 0.044715 * c), c);
  const half = mul(add(t, 1), 0.5);
  return [mul(g, add(half, mul(mul(mul(x!, 0.5), sub(1, mul(t, t))), du)))];
};

const geluOf = (x: number) => 0.5 * x * (1 + erfOf(x * Math.SQRT1_2));
const geluTanhOf = (x: number) =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

export const elementwise = {
  Add: binary(
    "Add",
    7,
    (a, b) => a + b,
    (g) => [g, g],
  ),
  Sub: binary(
    "Sub",
    7,
    (a, b) => a - b,
    (g) => [g, neg(g)],
  ),
  Mul: binary(
    "Mul",
    7,
    (a, b) => a * b,
    (g, { inputs: [a, b] }) => [mul(g, b!), mul(g, a!)],
  ),
  Div: binary(
    "Div",
    7,
    (a, b) => a / b,
    (g, { inputs: [, b], outputs: [y] }) => {
      const da = div(g, b!);
      return [da, neg(mul(da, y))];
    },
  ),
  /** The exponent may be of another dtype, an integer one too. */
  Pow: binary(
    "Pow",
    13,
    (a, b) => a ** b,
    (g, { inputs: [a, power], outputs: [y] }) => {
      const b = cast(power!, a!.dtype);
      const isSquare = constantOf(power)?.data.length === 1 && constantInts(power)?.[0] === 2;
      const slope = isSquare ? mul(a!, 2) : mul(b, pow(a!, sub(b, 1)));
      // x^y does not depend on y where x = 0.
      const positive = greater(a!, 0);
      return [mul(g, slope), mul(g, where(positive, mul(y, log(where(positive, a!, 1))), 0))];
    },
  ),
  Max: extremum("Max", Math.max),
  Min: extremum("Min", Math.min),
  /** Within `[low, high]`, either of which may be absent; on the border the gradient passes, as in PyTorch. */
  Clip: {
    since: 11,
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    grad: (g, { inputs: [x, low, high], outputs: [y] }) => [
      where(equal(x!, y), g, 0),
      low && where(less(x!, low), g, 0),
      high && where(greater(x!, high), g, 0),
    ],
    eval: ([x, low, high]) => {
      const [least, most] = [low?.data[0] ?? -Infinity, high?.data[0] ?? Infinity];
      return [{ shape: x.shape, data: x.data.map((v) => Math.min(Math.max(v, least), most)) }];
    },
  },
  Mod: binary("Mod", 13, (a, b) => a - b * Math.floor(a / b), none("used for integers only")),
  Equal: binary(
    "Equal",
    13,
    not((a, b) => a === b),
    boolean,
    "bool",
  ),
  Greater: binary(
    "Greater",
    13,
    not((a, b) => a > b),
    boolean,
    "bool",
  ),
  GreaterOrEqual: binary(
    "GreaterOrEqual",
    12,
    not((a, b) => a >= b),
    boolean,
    "bool",
  ),
  Less: binary(
    "Less",
    13,
    not((a, b) => a < b),
    boolean,
    "bool",
  ),
  LessOrEqual: binary(
    "LessOrEqual",
    12,
    not((a, b) => a <= b),
    boolean,
    "bool",
  ),
  And: binary("And", 7, (a, b) => a && b, boolean, "bool"),
  Or: binary("Or", 7, (a, b) => a || b, boolean, "bool"),
  Xor: binary("Xor", 7, (a, b) => +(a !== b), boolean, "bool"),
  Not: unary("Not", 1, (x) => +!x, boolean, "bool"),
  Neg: unary(
    "Neg",
    13,
    (x) => -x,
    (g) => [neg(g)],
  ),
  Abs: unary("Abs", 13, Math.abs, (g, { inputs: [x] }) => [mul(g, sign(x!))]),
  Sign: unary("Sign", 13, Math.sign, step),
  Floor: unary("Floor", 13, Math.floor, step),
  Ceil: unary("Ceil", 13, Math.ceil, step),
  Round: unary("Round", 11, roundOf, step),
  Exp: unary("Exp", 13, Math.exp, (g, { outputs: [y] }) => [mul(g, y)]),
  Log: unary("Log", 13, Math.log, (g, { inputs: [x] }) => [div(g, x!)]),
  Sqrt: unary("Sqrt", 13, Math.sqrt, (g, { outputs: [y] }) => [div(mul(g, 0.5), y)]),
  Reciprocal: unary(
    "Reciprocal",
    13,
    (x) => 1 / x,
    (g, { outputs: [y] }) => [neg(mul(g, mul(y, y)))],
  ),
  Sin: unary("Sin", 7, Math.sin, (g, { inputs: [x] }) => [mul(g, cos(x!))]),
  Cos: unary("Cos", 7, Math.cos, (g, { inputs: [x] }) => [neg(mul(g, sin(x!)))]),
  Tanh: unary("Tanh", 13, Math.tanh, (g, { outputs: [y] }) => [mul(g, sub(1, mul(y, y)))]),
  Sigmoid: unary("Sigmoid", 13, sigmoidOf, (g, { outputs: [y] }) => [mul(g, mul(y, sub(1, y)))]),
  Softplus: unary(
    "Softplus",
    1,
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    (g, { inputs: [x] }) => [mul(g, sigmoid(x!))],
  ),
  Relu: unary(
    "Relu",
    6,
    (x) => Math.max(x, 0),
    (g, { inputs: [x] }) => [where(greater(x!, 0), g, 0)],
  ),
  Erf: unary("Erf", 13, erfOf, (g, { inputs: [x] }) => [
    mul(g, mul(exp(neg(mul(x!, x!))), 2 / Math.sqrt(Math.PI))),
  ]),
  Identity: unary(
    "Identity",
    13,
    (x) => x,
    (g) => [g],
  ),
  IsNaN: unary("IsNaN", 13, (x) => +Number.isNaN(x), boolean, "bool"),
  IsInf: {
    ...unary("IsInf", 10, () => 0, boolean, "bool"),
    eval: ([x], { detect_positive: up, detect_negative: down }) => [
      {
        shape: x.shape,
        data: x.data.map((v) => +((v === Infinity && up !== 0) || (v === -Infinity && down !== 0))),
      },
    ],
  },
  Where: {
    since: 9,
    infer: (inputs) => {
      const [, a, b] = inputs as [Value, Value, Value];
      if (a.dtype !== b.dtype) throw misfit("Where", showType(b), a.dtype);
      return [{ dtype: a.dtype, shape: broadcastInfer("Where")(inputs, {})[0].shape }];
    },
    grad: (g, { inputs: [condition] }) => [
      undefined,
      where(condition!, g, 0),
      where(condition!, 0, g),
    ],
    eval: ([c, a, b]) => [
      tabulate(broadcastShapes(c.shape, a.shape, b.shape), (index) =>
        at(c, index) ? at(a, index) : at(b, index),
      ),
    ],
  },
  Cast: {
    since: 13,
    infer: (inputs, attrs) => [{ dtype: dtypeOfOnnx(attrs.to as number), shape: inputs[0].shape }],
    // A truth value is a choice, as in Where; what was made a whole number is refused where it was made.
    grad: (g, { inputs: [x], outputs: [y] }) => {
      if (x!.dtype === "bool") return [undefined];
      if (isFloat(x!.dtype) && !isFloat(y.dtype)) {
        throw misfit("the gradient of Cast", `steps of ${y.dtype}`, "floating-point numbers");
      }
      return [cast(g, x!.dtype)];
    },
    eval: ([x], attrs) => {
      const dtype = dtypeOfOnnx(attrs.to as number);
      const whole = !dtype.includes("float");
      const f =
        dtype === "bool" ? (v: number) => +(v !== 0) : whole ? Math.trunc : (v: number) => v;
      return [{ shape: x.shape, data: x.data.map(f) }];
    },
  },
  /** Exact GELU, x Φ(x), in the default domain. */
  Gelu: {
    ...unary("Gelu", 20, geluOf, geluGrad),
    grad: (g, node, all) =>
      (node.attrs.approximate === "tanh" ? geluTanhGrad : geluGrad)(g, node, all),
    eval: ([x], attrs) => [
      { shape: x.shape, data: x.data.map(attrs.approximate === "tanh" ? geluTanhOf : geluOf) },
    ],
  },
  /** Exact GELU, ONNX Runtime's own op: one pass where the default domain needs opset 20. */
  "com.microsoft.Gelu": {
    ...unary("com.microsoft.Gelu", 1, geluOf, geluGrad),
    domain: "com.microsoft",
  },
  /** GELU by tanh, ONNX Runtime's own; a second input, where there is one, is added first. */
  "com.microsoft.FastGelu": {
    ...binary(
      "com.microsoft.FastGelu",
      1,
      (x, bias) => geluTanhOf(x + bias),
      (g, node, all) => {
        const [x, bias] = node.inputs;
        if (!bias) return geluTanhGrad(g, node, all);
        const [dx] = geluTanhGrad(g, { ...node, inputs: [add(x!, bias)] }, all);
        return [dx, dx];
      },
    ),
    domain: "com.microsoft",
    infer: broadcastInfer("com.microsoft.FastGelu"),
    eval: ([x, bias = array64([], [0])]) => [
      tabulate(x.shape, (index) => geluTanhOf(at(x, index) + at(bias, index))),
    ],
  },
  /** `x · sigmoid(alpha x)`, ONNX Runtime's own: in one pass, and the sigmoid is not kept for the gradient. */
  "com.microsoft.QuickGelu": {
    domain: "com.microsoft",
    since: 1,
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    // With s = sigmoid(alpha x): s + alpha y (1 − s), in which alpha = 1 is y + s (1 − y).
    grad: (g, { inputs: [x], outputs: [y], attrs }) => {
      const alpha = alphaOf(attrs);
      if (alpha === 1) return [mul(g, add(y, mul(sigmoid(x!), sub(1, y))))];
      const gate = sigmoid(mul(x!, alpha));
      return [mul(g, add(gate, mul(mul(y, alpha), sub(1, gate))))];
    },
    eval: ([x], attrs) => [
      tabulate(x.shape, (index) => at(x, index) / (1 + Math.exp(-alphaOf(attrs) * at(x, index)))),
    ],
  },
} as const satisfies Record<string, Op>;

/** ONNX Runtime's default is that of OpenAI's CLIP. */
function alphaOf(attrs: Attributes): number {
  return (attrs.alpha as { float: number } | undefined)?.float ?? 1.702;
}

function dtypeOfOnnx(code: number): DType {
  const found = Object.entries(dtypes).find(([, { onnx }]) => onnx === code);
  if (!found) throw new NearfoldError("unsupported", "unknown ONNX dtype", { got: `${code}` });
  return found[0] as DType;
}

function both(a: Operand, b: Operand): Inputs {
  const like = typeof a === "number" ? (b as Value) : a;
  return [a, b].map((x) => (typeof x === "number" ? scalar(x, like.dtype) : x));
}

const two =
  (op: keyof typeof elementwise) =>
  (a: Operand, b: Operand): Value =>
    apply(op, elementwise[op], both(a, b));
const one =
  (op: keyof typeof elementwise) =>
  (x: Value): Value =>
    apply(op, elementwise[op], [x]);

export const add: (a: Operand, b: Operand) => Value = two("Add");
export const sub: (a: Operand, b: Operand) => Value = two("Sub");
export const mul: (a: Operand, b: Operand) => Value = two("Mul");
export const div: (a: Operand, b: Operand) => Value = two("Div");
export const pow: (a: Operand, b: Operand) => Value = two("Pow");
export const maximum: (a: Operand, b: Operand) => Value = two("Max");
export const minimum: (a: Operand, b: Operand) => Value = two("Min");
export const mod: (a: Operand, b: Operand) => Value = two("Mod");
export const equal: (a: Operand, b: Operand) => Value = two("Equal");
export const greater: (a: Operand, b: Operand) => Value = two("Greater");
export const less: (a: Operand, b: Operand) => Value = two("Less");
export const and: (a: Operand, b: Operand) => Value = two("And");
export const or: (a: Operand, b: Operand) => Value = two("Or");
export const not_: (x: Value) => Value = one("Not");
export const neg: (x: Value) => Value = one("Neg");
export const abs: (x: Value) => Value = one("Abs");
export const sign: (x: Value) => Value = one("Sign");
export const exp: (x: Value) => Value = one("Exp");
export const log: (x: Value) => Value = one("Log");
export const sqrt: (x: Value) => Value = one("Sqrt");
export const reciprocal: (x: Value) => Value = one("Reciprocal");
export const sin: (x: Value) => Value = one("Sin");
export const cos: (x: Value) => Value = one("Cos");
export const tanh: (x: Value) => Value = one("Tanh");
export const sigmoid: (x: Value) => Value = one("Sigmoid");
export const softplus: (x: Value) => Value = one("Softplus");
export const relu: (x: Value) => Value = one("Relu");
export const erf: (x: Value) => Value = one("Erf");
export const identity: (x: Value) => Value = one("Identity");

/** `condition ? a : b`, element by element. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  return apply("Where", elementwise.Where, [condition, ...both(a, b)]);
}

export function cast(x: Value, dtype: DType): Value {
  if (x.dtype === dtype) return x;
  return apply("Cast", elementwise.Cast, [x], { to: dtypes[dtype].onnx });
}

/** The variants of GELU that checkpoints name: exact (erf) or by tanh. */
export function gelu(x: Value, { tanh = false }: { readonly tanh?: boolean } = {}): Value {
  const op = tanh ? "com.microsoft.FastGelu" : "com.microsoft.Gelu";
  return apply(op.slice(op.lastIndexOf(".") + 1), elementwise[op], [x]);
}

/** `x · sigmoid(alpha x)`: the SiLU where `alpha` is 1 (Elfwing et al., arXiv:1702.03118; also called swish). */
export function silu(x: Value, alpha = 1): Value {
  return apply("QuickGelu", elementwise["com.microsoft.QuickGelu"], [x], {
    alpha: { float: alpha },
  });
}

/** `x` in the forward pass, no gradient backwards. */
export function stopGradient(x: Value): Value {
  return apply("Identity", elementwise.Identity, [x], {}, () => [undefined]);
}
