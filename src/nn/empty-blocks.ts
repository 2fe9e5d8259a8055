import { floats, ints, type Tensor } from "../tensor/tensor.ts";
import type { Packed } from "./pack.ts";
import { packedNames } from "./packed-layout.ts";

/** A length that blocks have; that of an empty one is never seen. */
const LENGTH = 8;

/**
 * The same batch for the graph of more blocks: those that it does not need hold no sequence. So one session, with its weights laid out
 * once, serves batches of any number of blocks; a block of nothing costs next to nothing.
 */
export function withEmptyBlocks(packed: Packed, blocks: number): Packed {
  const feeds: Record<string, Tensor> = { ...packed.feeds };
  const poolings = packed.feeds[packedNames.pool(0)]?.shape[2] ?? 1;
  for (let block = packed.blocks; block < blocks; block++) {
    feeds[packedNames.slots(block)] = ints([], [0, LENGTH]);
    feeds[packedNames.mask(block)] = floats([], [0, 1, 1, LENGTH]);
    feeds[packedNames.pool(block)] = floats([], [0, 1, poolings, LENGTH]);
  }
  return { ...packed, blocks: Math.max(packed.blocks, blocks), feeds };
}
