/** Padded batches to train and encode on, for graphs that were exported over `[B, S]` and cannot be packed. */
import { input, type Value } from "../graph/node.ts";
import {
  add,
  cast,
  concat,
  greater,
  mul,
  reduceMax,
  slice,
  squeeze,
  sub,
  transpose,
} from "../graph/ops/index.ts";
import { floats, tensor } from "../tensor/tensor.ts";
import { MASKED } from "./layout.ts";
import { meanAlone, type Packed, type PackOptions } from "./pack.ts";
import {
  type PaddedLayout,
  paddedLayout,
  paddedNames,
  paddedShape,
  weightedSums,
} from "./padded-layout.ts";

/** The graph input with the pool weights of each slot: `[B, R, S]` float32. */
const POOL = "pool";

/** Lengths are rounded up to multiples of it, so that shapes stay few. */
const MULTIPLE = 8;

/** As `paddedLayout`, but for the pool weights: they are fed, so that a batch can say which tokens are a prompt. */
export function paddedBatchLayout({
  poolings = 1,
}: {
  readonly poolings?: number;
} = {}): PaddedLayout {
  const layout = paddedLayout([]);
  const pools = input(POOL, "float32", [paddedShape[0], poolings, paddedShape[1]]);
  const poolRow = (row: number): Value =>
    poolings === 1 ? pools : slice(pools, { start: row, end: row + 1, axis: 1 });
  return {
    ...layout,
    poolLinear: (x, rows) => {
      const weights = rows.length === poolings ? pools : concat(rows.map(poolRow), 1);
      return weightedSums(weights, layout.toBatch(x));
    },
    poolMax: (x, row) => {
      const counted = cast(greater(poolRow(row), 0), "float32");
      // Of a text that is all prompt nothing counts.
      const any = squeeze(reduceMax(counted, { axes: [2], keep: true }), [2]);
      const masked = mul(sub(1, counted), MASKED);
      const most = reduceMax(add(layout.toBatch(x), transpose(masked, [0, 2, 1])), { axes: [1] });
      return mul(most, any);
    },
  };
}

/** The row of each token of a padded batch `[B · S, ·]`, one sequence after the other. */
export function paddedTokenRows(
  sequences: readonly ArrayLike<number>[],
  { feeds }: Pick<Packed, "feeds">,
): Int32Array {
  const [, width] = feeds[paddedNames.ids].shape;
  return Int32Array.from(
    sequences.flatMap(({ length }, b) => Array.from({ length }, (_, s) => b * width + s)),
  );
}

/** The feeds of `paddedBatchLayout`, padding on the right. */
export function packPadded(
  sequences: readonly ArrayLike<number>[],
  { poolWeights = meanAlone, promptTokens, positions = Number.POSITIVE_INFINITY }: PackOptions = {},
): Packed {
  const longest = sequences.reduce((most, { length }) => Math.max(most, length), 1);
  const rounded = Math.ceil(longest / MULTIPLE) * MULTIPLE;
  const width = Math.max(longest, Math.min(rounded, positions));
  const size = sequences.length * width;
  const [ids, mask] = [new BigInt64Array(size), new BigInt64Array(size)];
  const poolings = poolWeights.length;
  const pool = new Float32Array(size * poolings);
  let tokens = 0;
  sequences.forEach((sequence, b) => {
    const { length } = sequence;
    tokens += length;
    for (let s = 0; s < length; s++) ids[b * width + s] = BigInt(sequence[s]);
    mask.fill(1n, b * width, b * width + length);
    poolWeights.forEach((weights, row) => {
      pool.set(weights(length, promptTokens?.[b] ?? 0), (b * poolings + row) * width);
    });
  });
  const shape = [sequences.length, width];
  const feeds = {
    [paddedNames.ids]: tensor("int64", shape, ids),
    [paddedNames.mask]: tensor("int64", shape, mask),
    [POOL]: floats(pool, [sequences.length, poolings, width]),
  };
  return { blocks: 0, feeds, tokens };
}
