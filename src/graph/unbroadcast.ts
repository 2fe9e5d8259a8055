/** The gradient of a value that an op may have repeated along some axes: summed over those. */
import { bug } from "../errors.ts";
import { type Dim, UNKNOWN } from "./dim.ts";
import { makeNode, type Node, only, scalar, type Value } from "./node.ts";
import { showType } from "./op.ts";
import { elementwise, equal, nonZero, reduceSum, reshape, shapeOf } from "./ops/index.ts";

/** Ops that broadcast their inputs, and how many of the last axes they do not broadcast. */
const broadcasting: ReadonlyMap<string, number> = new Map([
  ...Object.keys(elementwise).map((name) => [name.slice(name.lastIndexOf(".") + 1), 0] as const),
  ["Expand", 0],
  ["FusedMatMul", 2],
  ["Gemm", 0],
  ["MatMul", 2],
]);

/** Undoes broadcasting: sums the axes along which `like`, an input of the node, was repeated. */
export function sumTo(g: Value, like: Value, node: Node): Value {
  const extra = g.shape.length - like.shape.length;
  if (extra < 0) {
    throw bug("a gradient has fewer axes than its value", {
      got: showType(g),
      wanted: showType(like),
    });
  }
  const repeated = (dim: Dim, axis: number) => dim === 1 && g.shape[axis + extra] !== 1;
  const leading = [...Array(extra).keys()];
  const inner = like.shape.flatMap((dim, axis) => (repeated(dim, axis) ? [axis + extra] : []));
  const known = leading.length + inner.length > 0;
  const total = known ? reduceSum(g, { axes: [...leading, ...inner], keep: inner.length > 0 }) : g;
  const aligned = inner.length > 0 && extra > 0 ? reshape(total, shapeOf(like)) : total;
  return mayBeRepeated(like, node) ? sumOnes(aligned, like) : aligned;
}

/** Whether an axis of unknown size meets one that is not 1: only the run knows which of the two was repeated. */
function mayBeRepeated(like: Value, { op, inputs, outputs }: Node): boolean {
  const apart = broadcasting.get(op);
  if (apart === undefined) return false;
  const others = op === "Expand" ? outputs : inputs.filter((other) => other !== like);
  const meets = (fromEnd: number) =>
    others.some(
      (other) => (other?.shape.at(-fromEnd) ?? 1) !== 1 && other!.shape.length >= fromEnd,
    );
  return like.shape
    .slice(0, like.shape.length - apart)
    .some((dim, axis) => dim === UNKNOWN && meets(like.shape.length - axis));
}

/** Sums the axes in which `like` turns out to have one element. */
function sumOnes(g: Value, like: Value): Value {
  const axes = reshape(nonZero(equal(shapeOf(like), scalar(1, "int64"))), [-1]);
  const attrs = { keepdims: 1, noop_with_empty_axes: 1 };
  const { dtype, shape } = like;
  return only(makeNode({ op: "ReduceSum", inputs: [g, axes], attrs, types: [{ dtype, shape }] }));
}
