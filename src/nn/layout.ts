/**
 * How the sequences of a batch lie in its rows. Linear layers and norms see rows `[T, D]` and need not know;
 * attention and pooling ask the layout for the sequences.
 */
import type { Value } from "../graph/node.ts";

/** A finite stand-in for −∞: rows that see no key at all must not turn into NaN. */
export const MASKED = -1e9;

/** Sequences padded to the longest of them: `B` sequences of `S` slots. */
export interface Block {
  /** 0 where a token is, `MASKED` where none is: `[B, 1, 1, S]`, float32. */
  readonly mask: Value;
}

/** What a graph that was exported over a padded batch reads, int64 `[B, S]`. */
export interface PaddedInputs {
  /** Token ids, any where no token is. */
  readonly ids: Value;
  /** 1 where a token is, 0 elsewhere. */
  readonly mask: Value;
  /** Place of each token in its sequence, from 0. */
  readonly positions: Value;
}

export interface Layout {
  /** Token ids `[T]`, int32. */
  readonly ids: Value;
  /** Segment of each token `[T]`, where the batch has any; all 0 otherwise. */
  readonly tokenTypes?: Value;
  /** Place of each token in its sequence `[T]`, from 0, int32. */
  readonly positions: Value;
  readonly blocks: readonly Block[];
  /** The batch as it was before its rows were put end to end; only where it is padded. */
  readonly padded?: PaddedInputs;
  /** `[T, heads · K]` to one `[B, heads, S, K]` for each block. */
  toHeads(x: Value, heads: number): Value[];
  /** The inverse of `toHeads`: back to `[T, heads · K]`. */
  fromHeads(parts: readonly Value[], heads: number): Value;
  /** Sums over each sequence, one for each of these rows of the batch's pool weights, end to end: `[T, D] -> [B, R · D]`. */
  poolLinear(x: Value, rows: readonly number[]): Value;
  /** Element-wise maximum over the tokens of each sequence that a row of its pool weights counts: `[T, D] -> [B, D]`. */
  poolMax(x: Value, row: number): Value;
}
