/** Which tokens of its own sequence a token sees. */
import type { Value } from "../graph/node.ts";
import {
  abs,
  add,
  and,
  cast,
  dimOf,
  greater,
  less,
  not_,
  range,
  sub,
  unsqueeze,
  where,
} from "../graph/ops/index.ts";
import { type Layout, MASKED } from "./layout.ts";

export interface Visible {
  /** Nothing after itself. @default false */
  readonly causal?: boolean;
  /** Nothing further away than so many tokens. @default any distance */
  readonly within?: number;
}

/** Made once for each block and rule: all layers of a kind read the same. */
const made = new WeakMap<Layout, Map<string, Value>>();

/** What is added to the scores of a block: `[B, 1, 1, S]` where every token is seen, else `[B, 1, S, S]`. */
export function blockMask(layout: Layout, block: number, visible: Visible): Value {
  const { mask } = layout.blocks[block];
  const { causal = false, within = Number.POSITIVE_INFINITY } = visible;
  if (!causal && within === Number.POSITIVE_INFINITY) return mask;
  const known = made.get(layout) ?? new Map<string, Value>();
  made.set(layout, known);
  const key = `${block} ${causal} ${within}`;
  const rule = known.get(key) ?? add(mask, hidden(distances(mask), causal, within));
  known.set(key, rule);
  return rule;
}

/** Key minus query of every pair of a block's slots, `[S, S]` int32. */
export function distances(mask: Value): Value {
  const places = cast(range(dimOf(mask, 3)), "int32");
  return sub(unsqueeze(places, [0]), unsqueeze(places, [1]));
}

/** 0 where a token is seen, `MASKED` elsewhere, `[S, S]`. */
function hidden(distance: Value, causal: boolean, within: number): Value {
  const near = Number.isFinite(within) && less(abs(distance), within + 1);
  const before = causal && not_(greater(distance, 0));
  const seen = near && before ? and(near, before) : near || before;
  return where(seen as Value, 0, MASKED);
}
