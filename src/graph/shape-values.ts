/** What a value that holds sizes (the shape given to a Reshape, the ends of a Slice) is known to hold before a run. */
import { type Dim, product, quotient, type Shape, sum, UNKNOWN } from "./dim.ts";
import { constantInts, constantOf, LONGEST_LIST, type Node, type Value } from "./node.ts";
import { misfit } from "./op.ts";

/** Nodes looked at for one value: a hostile file can double the walk with each node (a Concat of a value with itself). */
const MAX_STEPS = 512;

/**
 * The sizes, each a number, a name or unknown.
 * @throws bad-argument where not even their count is known, or it is no count of axes
 */
export function shapeFrom(value: Value): Shape {
  return dimsOf(value, { left: MAX_STEPS });
}

interface Budget {
  left: number;
}

/** `undefined` where a node says nothing of its sizes. */
type Reading = (
  node: Node,
  read: (input: Value | undefined) => Shape,
) => readonly (Dim | undefined)[] | undefined;

function dimsOf(value: Value, budget: Budget): Shape {
  const length = value.shape.length === 0 ? 1 : value.shape[0];
  if (value.shape.length > 1 || (typeof length === "number" && length > LONGEST_LIST))
    throw noShape(value);
  const numbers = constantInts(value);
  if (numbers) return numbers.map(whole);
  const read = (input: Value | undefined): Shape => {
    if (!input) throw noShape(value);
    return dimsOf(input, budget);
  };
  const { op } = value.node;
  const reading = Object.hasOwn(readings, op) && budget.left-- > 0 ? readings[op] : undefined;
  const found = reading?.(value.node, read);
  if (
    found &&
    found.length <= LONGEST_LIST &&
    (typeof length !== "number" || found.length === length)
  ) {
    return found.map(whole);
  }
  if (typeof length !== "number") throw noShape(value);
  return Array<Dim>(length).fill(UNKNOWN);
}

/** Sizes may be computed by way of fractions; how those are rounded is not followed. */
const whole = (dim: Dim | undefined): Dim =>
  dim === undefined || (typeof dim === "number" && !Number.isSafeInteger(dim)) ? UNKNOWN : dim;

const noShape = ({ dtype, shape, node }: Value) =>
  misfit("a shape", `${dtype}[${shape}] of ${node.op}`, "a list of known length");

const same: Reading = ({ inputs: [x] }, read) => read(x);

const arithmetic =
  (combine: (a: Dim, b: Dim) => Dim): Reading =>
  ({ inputs }, read) => {
    const [a, b] = inputs.map(read) as [Shape, Shape];
    if (a.length !== b.length && a.length !== 1 && b.length !== 1) return undefined;
    const longer = a.length >= b.length ? a : b;
    return longer.map((_, i) => combine(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]));
  };

/** How each op makes sizes of sizes. */
const readings: Readonly<Record<string, Reading>> = {
  Shape: ({ inputs: [x] }) => x?.shape,
  Cast: same,
  Identity: same,
  Reshape: same,
  Squeeze: same,
  Unsqueeze: same,
  Concat: ({ inputs }, read) => inputs.flatMap(read),
  Gather: ({ inputs: [x, indices] }, read) => {
    const dims = read(x);
    return constantInts(indices)?.map((at) => dims.at(at));
  },
  Slice: ({ inputs: [x, ...range] }, read) => {
    const [from, to, , step = 1] = range.map((input) => constantInts(input)?.[0]);
    const computed = range.some((input) => input && !constantOf(input));
    if (computed || from === undefined || to === undefined || step !== 1) return undefined;
    return read(x).slice(from, to);
  },
  ReduceProd: ({ inputs: [x] }, read) => [product(read(x))],
  Add: arithmetic((a, b) => sum([a, b])),
  Sub: arithmetic((a, b) => (typeof b === "number" ? sum([a, -b]) : UNKNOWN)),
  Mul: arithmetic((a, b) => product([a, b])),
  Div: arithmetic((a, b) => quotient([a], [b])),
};

/**
 * The size that a Slice leaves of an axis, with ONNX's clamping. A size of known number that is cut to a name (the positions
 * of a table, to the length of a batch) is taken to be that name.
 */
export function slicedDim(dim: Dim, start: Dim, end: Dim, step: Dim): Dim {
  if (typeof start !== "number" || typeof step !== "number") return UNKNOWN;
  if (typeof dim === "number" && typeof end === "number") {
    const clamp = (at: number) => {
      const [least, most] = step > 0 ? [0, dim] : [-1, dim - 1];
      return Math.min(Math.max(at < 0 ? at + dim : at, least), most);
    };
    return Math.max(0, Math.ceil((clamp(end) - clamp(start)) / step));
  }
  if (step !== 1) return UNKNOWN;
  const toTheEnd = typeof end === "number" && end >= 2 ** 31 - 1;
  if (start === -1 && toTheEnd) return 1;
  if (start !== 0) return UNKNOWN;
  if (toTheEnd) return dim;
  // No size is 0.
  if (end === 1) return 1;
  if (typeof end === "string" && (typeof dim === "number" || dim === end)) return end;
  return UNKNOWN;
}
