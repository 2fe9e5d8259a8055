import { bagLayout, packBags } from "./bag-layout.ts";
import { withEmptyBlocks } from "./empty-blocks.ts";
import type { Layout } from "./layout.ts";
import { type Packed, type PackOptions, pack } from "./pack.ts";
import { packedLayout } from "./packed-layout.ts";
import { type Pooling, poolWeights } from "./pooling.ts";

/** How a batch of token sequences is laid out and pooled, and the graph's side of it. One graph serves every batch. */
export interface Batching {
  /** The graph inputs that `pack` feeds. */
  readonly layout: () => Layout;
  readonly pack: (
    sequences: readonly ArrayLike<number>[],
    options?: Omit<PackOptions, "poolWeights" | "maxBlocks">,
  ) => Packed;
}

/**
 * Blocks of like length that attention works on. Always so many, some of them empty: a session for each number of blocks would hold weights
 * or an arena of its own.
 */
const BLOCKS = 3;

/** Bags where the order of tokens does not matter, sequences packed end to end elsewhere. */
export type BatchKind = "packed" | "bags";

export function batchingOf(
  { batches }: { readonly batches: BatchKind },
  { pooling, includePrompt }: Pooling,
): Batching {
  const packed = batches === "packed" || pooling.includes("max");
  const weights = poolWeights(pooling);
  const poolings = pooling.length;
  return {
    layout: () => (packed ? packedLayout(BLOCKS, { poolings }) : bagLayout({ poolings })),
    pack: (sequences, { promptTokens, ...more } = {}) => {
      const options = {
        ...more,
        poolWeights: weights,
        ...(promptTokens && !includePrompt && { promptTokens }),
      };
      if (!packed) return packBags(sequences, options);
      return withEmptyBlocks(pack(sequences, { ...options, maxBlocks: BLOCKS }), BLOCKS);
    },
  };
}
