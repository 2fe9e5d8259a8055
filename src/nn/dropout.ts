/**
 * Dropout (Srivastava et al., 2014) whose masks come from a counter, not from a stream: the mask of an element is a hash of (seed, step,
 * sequence, place) and of its column, so two passes over the same texts drop the same elements, whatever else is in the batch.
 * The hash is multiply-shift (Dietzfelbinger et al., 1997): a product of odd 32-bit keys, compared with a threshold.
 */
import { constant, input, scalar, type Value } from "../graph/node.ts";
import { cast, greater, mul, reshape, slice, transpose } from "../graph/ops/index.ts";
import { ints } from "../tensor/tensor.ts";
import type { Layout } from "./layout.ts";

export interface Dropout {
  /** Drops elements of rows `[T, D]` at the given rate and scales the rest by 1 / (1 − rate). */
  readonly rows: (x: Value, rate: number) => Value;
  /** The same for the attention probabilities of a block, `[B, heads, S, S]`. */
  readonly attention: (probabilities: Value, block: number, rate: number) => Value;
}

/** Drops nothing: evaluation and serving. */
export const noDropout: Dropout = { rows: (x) => x, attention: (x) => x };

/** Name of the graph input that `dropoutKeys` fills: two odd keys for each token, `[T, 2]` int32. */
export const dropoutInput = "dropout.keys";

/** Dropout over a layout. Each use is a site of its own; the sites are numbered in the order of use. */
export function counterDropout(layout: Layout): Dropout {
  const keys = input(dropoutInput, "int32", ["T", 2]);
  const queryKeys = slice(keys, { start: 0, end: 1, axis: 1 });
  const keyKeys = slice(keys, { start: 1, end: 2, axis: 1 });
  let site = 0;
  const keep = (hash: Value, rate: number): Value => {
    const threshold = Math.round(rate * 2 ** 32) - 2 ** 31;
    const kept = greater(hash, scalar(threshold - 1, "int32"));
    return mul(cast(kept, "float32"), 1 / (1 - rate));
  };
  return {
    rows: (x, rate) => {
      if (rate === 0) return x;
      const columns = columnKeys(x.shape[1] as number, ++site);
      return mul(x, keep(mul(queryKeys, columns), rate));
    },
    attention: (x, block, rate) => {
      if (rate === 0) return x;
      // The blocks of one attention are one site: how many there are depends on the batch.
      if (block === 0) site++;
      const heads = reshape(columnKeys(x.shape[1] as number, site), [1, -1, 1, 1]);
      const from = layout.toHeads(queryKeys, 1)[block];
      const to = transpose(layout.toHeads(keyKeys, 1)[block], [0, 1, 3, 2]);
      return mul(x, keep(mul(mul(from, heads), to), rate));
    },
  };
}

/** Odd keys `[1, width]` of a site. */
function columnKeys(width: number, site: number): Value {
  const keys = Int32Array.from({ length: width }, (_, column) => mix(site, column) | 1);
  return constant(ints(keys, [1, width]));
}

/** The two keys of a token from (seed, step, sequence, place), both odd. */
export function dropoutKeys(seed: number, step: number, sequence: number, place: number) {
  const key = mix(mix(mix(seed, step), sequence), place);
  return [key | 1, mix(key, 0x9e3779b9) | 1] as const;
}

/** A 32-bit mix of two words (the finaliser of MurmurHash3 over their combination). */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x7f4a7c15, 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
