/**
 * Relative position bias (Raffel et al., arXiv:1910.10683, §2.1): what attention knows of positions is a learnt number for each head and
 * each bucket of distances, added to the scores.
 */
import { constant, type Value } from "../graph/node.ts";
import { add, gather, maximum, minimum, transpose, unsqueeze } from "../graph/ops/index.ts";
import { ints } from "../tensor/tensor.ts";
import { distances } from "./visible.ts";

export interface RelativeBuckets {
  /** Of both sides together: one half is for keys before the query and itself, the other for those after. At least 4. */
  readonly count: number;
  /** From here on, all distances of a side share its last bucket. More than `count / 4`. */
  readonly maxDistance: number;
}

/**
 * The bucket of each distance, key minus query, from `-maxDistance` to `maxDistance`: one each while near, then ranges that grow with
 * the distance. In float32 steps, as transformers' `_relative_position_bucket` (models/t5/modeling_t5.py): the borders are where its
 * rounding puts them.
 */
export function relativeBuckets({ count, maxDistance }: RelativeBuckets): Int32Array<ArrayBuffer> {
  const { fround, log, trunc, min, abs } = Math;
  const side = trunc(count / 2);
  const exact = trunc(side / 2);
  const range = fround(log(maxDistance / exact));
  const far = (distance: number) => {
    const grown = fround(fround(log(fround(distance / exact))) / range);
    return min(exact + trunc(fround(grown * (side - exact))), side - 1);
  };
  return Int32Array.from({ length: 2 * maxDistance + 1 }, (_, i) => {
    const distance = abs(i - maxDistance);
    return (i > maxDistance ? side : 0) + (distance < exact ? distance : far(distance));
  });
}

/** The bias of a block's scores `[1, H, S, S]`, from the learnt table `[count, H]` and the block's mask `[B, 1, 1, S]`. */
export function relativeBias(table: Value, mask: Value, buckets: RelativeBuckets): Value {
  const { maxDistance } = buckets;
  const near = minimum(maximum(distances(mask), -maxDistance), maxDistance);
  const bucketOf = gather(constant(ints(relativeBuckets(buckets))), add(near, maxDistance));
  return unsqueeze(gather(transpose(table, [1, 0]), bucketOf, 1), [0]);
}
