import { bagLayout, bagTokenRows, packBags } from "./bag-layout.ts";
import { withEmptyBlocks } from "./empty-blocks.ts";
import type { Layout } from "./layout.ts";
import { type Packed, type PackOptions, pack, packedTokenRows } from "./pack.ts";
import { packedLayout } from "./packed-layout.ts";
import { packPadded, paddedBatchLayout, paddedTokenRows } from "./padded-batch.ts";
import { type Pooling, poolWeights } from "./pooling.ts";

/** How a batch of token sequences is laid out and pooled, and the graph's side of it. One graph serves every batch. */
export interface Batching {
  /** The graph inputs that `pack` feeds. */
  readonly layout: () => Layout;
  readonly pack: (
    sequences: readonly ArrayLike<number>[],
    options?: Omit<PackOptions, "poolWeights" | "maxBlocks" | "positions">,
  ) => Packed;
  /** Which row of the graph's token vectors is which token's, one sequence after the other. */
  readonly tokenRows: TokenRows;
}

type TokenRows = (
  sequences: readonly ArrayLike<number>[],
  packed: Pick<Packed, "feeds">,
) => Int32Array;

/**
 * Blocks of like length that attention works on. Always so many, some of them empty: a session for each number of blocks would hold weights
 * or an arena of its own.
 */
const BLOCKS = 3;

/** Bags where the order of tokens does not matter; padded for graphs that were exported so; sequences packed end to end elsewhere. */
export type BatchKind = "packed" | "bags" | "padded";

export interface BatchingOptions {
  /** Sequences of nothing in a block that a batch does not need; see `withEmptyBlocks`. @default 0 */
  readonly emptyBlocks?: number;
}

export function batchingOf(
  { batches, positions }: { readonly batches: BatchKind; readonly positions?: number },
  { pooling, includePrompt }: Pooling,
  { emptyBlocks }: BatchingOptions = {},
): Batching {
  const kind = batches === "bags" && pooling.includes("max") ? "packed" : batches;
  const weights = poolWeights(pooling);
  const poolings = pooling.length;
  return {
    layout: () => layouts[kind](poolings),
    tokenRows: tokenRows[kind],
    pack: (sequences, { promptTokens, ...more } = {}) =>
      packers[kind](sequences, {
        ...more,
        poolWeights: weights,
        ...(emptyBlocks !== undefined && { emptyBlocks }),
        ...(positions !== undefined && { positions }),
        ...(promptTokens && !includePrompt && { promptTokens }),
      }),
  };
}

const layouts: Readonly<Record<BatchKind, (poolings: number) => Layout>> = {
  packed: (poolings) => packedLayout(BLOCKS, { poolings }),
  bags: (poolings) => bagLayout({ poolings }),
  padded: (poolings) => paddedBatchLayout({ poolings }),
};

const tokenRows: Readonly<Record<BatchKind, TokenRows>> = {
  packed: packedTokenRows,
  bags: bagTokenRows,
  padded: paddedTokenRows,
};

type Packer = (
  sequences: readonly ArrayLike<number>[],
  options: PackOptions & BatchingOptions,
) => Packed;

const packers: Readonly<Record<BatchKind, Packer>> = {
  packed: (sequences, { emptyBlocks: height, ...options }) =>
    withEmptyBlocks(pack(sequences, { ...options, maxBlocks: BLOCKS }), BLOCKS, { height }),
  bags: packBags,
  padded: packPadded,
};
