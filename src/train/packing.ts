import { batchingOf } from "../nn/batching.ts";
import { dropoutKeys } from "../nn/dropout.ts";
import type { Packed } from "../nn/pack.ts";
import type { Encoding } from "./graphs.ts";

interface Texts {
  readonly sequences: readonly ArrayLike<number>[];
  /** Tokens of a prompt that each begins with, where they are not pooled. */
  readonly promptTokens?: Int32Array;
  /** The place of the first of them in its batch: what is dropped does not depend on the chunk. @default 0 */
  readonly first?: number;
}

/** Packs the texts of a step for the graphs of an encoding, with the keys of their dropout masks where it drops. */
export function packing({ architecture, head, dropout }: Encoding, seed: number) {
  const batching = batchingOf(architecture, head);
  return ({ sequences, promptTokens, first = 0 }: Texts, step: number): Packed =>
    batching.pack(sequences, {
      ...(promptTokens && { promptTokens }),
      ...(dropout && {
        dropoutKeys: (sequence, place) => dropoutKeys(seed, step, first + sequence, place),
      }),
    });
}
