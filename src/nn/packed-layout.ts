import { constant, input, int64s, scalar, type Value } from "../graph/node.ts";
import {
  add,
  cast,
  concat,
  dimOf,
  elementCount,
  greater,
  matmul,
  mul,
  permuteRows,
  reduceMax,
  reshape,
  slice,
  split,
  sub,
  transpose,
  unsqueeze,
} from "../graph/ops/index.ts";
import { ints } from "../tensor/tensor.ts";
import { type Layout, MASKED } from "./layout.ts";

/** Names of the graph inputs of a packed batch; `pack` fills them. */
export const packedNames = {
  ids: "input_ids",
  types: "token_type_ids",
  positions: "position_ids",
  slots: (block: number) => `block${block}.slots`,
  mask: (block: number) => `block${block}.mask`,
  pool: (block: number) => `block${block}.pool`,
  row: "unpack.row",
  column: "unpack.column",
  stride: "unpack.stride",
  order: "order",
  place: "place",
} as const;

interface PackedLayoutOptions {
  /** Whether the batch says the segment of each token. @default false */
  readonly tokenTypes?: boolean;
  /** How many pool weights each token has. @default 1 */
  readonly poolings?: number;
}

/**
 * A packed batch as graph inputs: all sequences end to end in one row of `T` tokens, and `blocks` blocks of like length to
 * which attention gathers. Index maps go both ways, so that the gradient of packing is unpacking, a Gather too.
 */
export function packedLayout(
  blocks: number,
  { tokenTypes = false, poolings = 1 }: PackedLayoutOptions = {},
): Layout {
  const each = [...Array(blocks).keys()];
  const perToken = (name: string) => input(name, "int32", ["T"]);
  const slots = each.map((i) => input(packedNames.slots(i), "int32", [`B${i}`, `S${i}`]));
  const masks = each.map((i) => input(packedNames.mask(i), "float32", [`B${i}`, 1, 1, `S${i}`]));
  const pools = each.map((i) =>
    input(packedNames.pool(i), "float32", [`B${i}`, 1, poolings, `S${i}`]),
  );
  const order = input(packedNames.order, "int32", ["B"]);
  const place = input(packedNames.place, "int32", ["N"]);
  const mapsFor = headMaps(slots, perToken);

  const toHeads = (x: Value, heads: number): Value[] => {
    const width = (x.shape[1] as number) / heads;
    const { into, out } = mapsFor(heads);
    const rows = permuteRows(reshape(x, [-1, width]), into, out);
    const sizes = slots.map((slot) => reshape(mul(elementCount(slot), heads), [1]));
    const parts = blocks === 1 ? [rows] : split(rows, concat(sizes, 0), 0);
    return slots.map((slot, i) => {
      const to = [dimOf(slot, 0), int64s([heads]), dimOf(slot, 1), int64s([width])];
      return reshape(parts[i], concat(to, 0));
    });
  };
  const joined = (parts: readonly Value[], width: number) =>
    concat(
      parts.map((part) => reshape(part, [-1, width])),
      0,
    );
  const fromHeads = (parts: readonly Value[], heads: number): Value => {
    const width = parts[0].shape[3] as number;
    const { into, out } = mapsFor(heads);
    return reshape(permuteRows(joined(parts, width), out, into), [-1, heads * width]);
  };
  /** One row a sequence of each block, to the order in which the batch came. */
  const inOrder = (parts: readonly Value[], width: number): Value =>
    permuteRows(joined(parts, width), order, place);
  const poolRow = (i: number, row: number): Value =>
    poolings === 1 ? pools[i] : slice(pools[i], { start: row, end: row + 1, axis: 2 });
  const poolRows = (i: number, rows: readonly number[]): Value => {
    if (rows.length === poolings) return pools[i];
    return concat(
      rows.map((row) => poolRow(i, row)),
      2,
    );
  };
  const maxOf = (part: Value, weights: Value): Value => {
    const counted = cast(greater(weights, 0), "float32");
    // Of a sequence nothing may count: the dummy one of a block (see `pack`). No gradient may enter through it.
    const any = reduceMax(counted, { axes: [3] });
    const masked = add(part, transpose(mul(sub(1, counted), MASKED), [0, 1, 3, 2]));
    return mul(reduceMax(masked, { axes: [2] }), any);
  };
  return {
    ids: perToken(packedNames.ids),
    ...(tokenTypes && { tokenTypes: perToken(packedNames.types) }),
    positions: perToken(packedNames.positions),
    blocks: masks.map((mask) => ({ mask })),
    toHeads,
    fromHeads,
    poolLinear: (x, rows) => {
      const sums = toHeads(x, 1).map((part, i) => matmul(poolRows(i, rows), part));
      return inOrder(sums, rows.length * (x.shape[1] as number));
    },
    poolMax: (x, row) =>
      inOrder(
        toHeads(x, 1).map((part, i) => maxOf(part, poolRow(i, row))),
        x.shape[1] as number,
      ),
  };
}

/**
 * For `heads` heads, as int32: `into`, the row `t·heads + h` that each slot `(b, h, s)` of the blocks comes from, and `out`,
 * the slot that each row goes to. Computed in the graph, once for all layers.
 */
function headMaps(slots: readonly Value[], perToken: (name: string) => Value) {
  const row = perToken(packedNames.row);
  const column = unsqueeze(perToken(packedNames.column), [1]);
  const stride = unsqueeze(perToken(packedNames.stride), [1]);
  const made = new Map<number, { into: Value; out: Value }>();
  return (heads: number) => {
    const known = made.get(heads);
    if (known) return known;
    const head = constant(ints([...Array(heads).keys()]));
    const times = scalar(heads, "int32");
    const from = slots.map((slot) =>
      reshape(add(mul(unsqueeze(slot, [1]), times), reshape(head, [1, heads, 1])), [-1]),
    );
    const start = add(mul(unsqueeze(row, [1]), times), column);
    const out = reshape(add(start, mul(stride, unsqueeze(head, [0]))), [-1]);
    const maps = { into: concat(from, 0), out };
    made.set(heads, maps);
    return maps;
  };
}
