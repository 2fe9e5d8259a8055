import { bagLayout, packBags } from "./bag-layout.ts";
import type { Layout } from "./layout.ts";
import { type Packed, type PackOptions, pack } from "./pack.ts";
import { packedLayout } from "./packed-layout.ts";
import type { PoolingMode } from "./pooling.ts";

/** How a batch of token sequences is laid out for a graph, and the graph's side of it. */
export interface Batching {
  /** The graph inputs of a batch that `pack` made with so many blocks. */
  readonly layout: (blocks: number) => Layout;
  readonly pack: (sequences: readonly ArrayLike<number>[], options?: PackOptions) => Packed;
}

const packed: Batching = { layout: packedLayout, pack };
const bags: Batching = { layout: bagLayout, pack: packBags };

/** Bags where the order of tokens does not matter, sequences packed end to end elsewhere. */
export function batchingOf(
  { ordered }: { readonly ordered: boolean },
  pooling: PoolingMode,
): Batching {
  return ordered || pooling === "max" ? packed : bags;
}
