import { bagLayout, packBags } from "./bag-layout.ts";
import type { Layout } from "./layout.ts";
import { type Packed, type PackOptions, pack } from "./pack.ts";
import { packedLayout } from "./packed-layout.ts";
import { type Pooling, poolWeights } from "./pooling.ts";

/** How a batch of token sequences is laid out and pooled, and the graph's side of it. */
export interface Batching {
  /** The graph inputs of a batch that `pack` made with so many blocks. */
  readonly layout: (blocks: number) => Layout;
  readonly pack: (
    sequences: readonly ArrayLike<number>[],
    options?: Omit<PackOptions, "poolWeights">,
  ) => Packed;
}

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
    layout: (blocks) => (packed ? packedLayout(blocks, { poolings }) : bagLayout({ poolings })),
    pack: (sequences, { promptTokens, ...options } = {}) =>
      (packed ? pack : packBags)(sequences, {
        ...options,
        poolWeights: weights,
        ...(promptTokens && !includePrompt && { promptTokens }),
      }),
  };
}
