import { floats, ints, type Tensor } from "../tensor/tensor.ts";
import { MASKED } from "./layout.ts";
import type { Packed } from "./pack.ts";
import { packedNames } from "./packed-layout.ts";

/** A length that blocks have; that of an empty one is never seen. */
const LENGTH = 8;

/**
 * The same batch for the graph of more blocks: those that it does not need hold no sequence. So one session, with its weights laid out
 * once, serves batches of any number of blocks; a block of nothing costs next to nothing.
 *
 * Where a provider runs no operator on tensors without elements (WebGPU), they hold so many sequences (`height`) of which no token counts, and which nothing reads. Only
 * for graphs without gradients: the map back (`place`) leaves them out.
 */
export function withEmptyBlocks(packed: Packed, blocks: number, { height = 0 } = {}): Packed {
  const feeds: Record<string, Tensor> = { ...packed.feeds };
  const poolings = packed.feeds[packedNames.pool(0)]?.shape[2] ?? 1;
  const slots = height * LENGTH;
  for (let block = packed.blocks; block < blocks; block++) {
    feeds[packedNames.slots(block)] = ints(new Int32Array(slots), [height, LENGTH]);
    const masked = new Float32Array(slots).fill(MASKED);
    feeds[packedNames.mask(block)] = floats(masked, [height, 1, 1, LENGTH]);
    const pool = new Float32Array(slots * poolings);
    feeds[packedNames.pool(block)] = floats(pool, [height, 1, poolings, LENGTH]);
  }
  return { ...packed, blocks: Math.max(packed.blocks, blocks), feeds };
}
