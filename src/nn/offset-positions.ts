/** Positions as fairseq's models count them (RoBERTa, MPNet). */
import { scalar, type Value } from "../graph/node.ts";
import {
  add,
  cast,
  cumulativeSum,
  dimOf,
  equal,
  gather,
  mul,
  not_,
  range,
  sub,
} from "../graph/ops/index.ts";
import type { Layout } from "./layout.ts";

/**
 * The position of each token `[T]`, int32: from `padId + 1` on, counted over those tokens of its sequence that are not `padId`; a `padId`
 * inside a text has the position `padId` and is not counted (transformers' `create_position_ids_from_input_ids`).
 */
export function offsetPositions({ ids, positions }: Layout, padId: number): Value {
  const counts = cast(not_(equal(ids, padId)), "int32");
  const total = cumulativeSum(counts, 0);
  // Rows of a sequence lie side by side: the one of its first token is as far back as this token's place.
  const first = sub(cast(range(dimOf(ids, 0)), "int32"), positions);
  const before = sub(gather(total, first), gather(counts, first));
  return add(mul(sub(total, before), counts), scalar(padId, "int32"));
}
