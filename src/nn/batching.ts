import { bagLayout, packBags } from "./bag-layout.ts";
import type { Layout } from "./layout.ts";
import { type Packed, type PackOptions, pack } from "./pack.ts";
import { packedLayout } from "./packed-layout.ts";
import { type PoolingMode, poolWeights } from "./pooling.ts";

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
  pooling: PoolingMode,
): Batching {
  const packed = batches === "packed" || pooling === "max";
  const weights = poolWeights(pooling);
  return {
    layout: packed ? packedLayout : bagLayout,
    pack: (sequences, options) =>
      (packed ? pack : packBags)(sequences, { ...options, poolWeights: weights }),
  };
}
