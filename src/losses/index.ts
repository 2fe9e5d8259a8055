/** Losses: functions of embeddings, never of a model. One file each, one line here. */
import { infoNce } from "./info-nce.ts";
import type { Loss } from "./loss.ts";

/** The losses of pairs (anchor, positive, hard negatives) by name; the CLI's choices. */
export const losses = {
  "info-nce": infoNce,
} as const satisfies Record<string, (options?: never) => Loss>;

export type LossName = keyof typeof losses;

export { type Direction, directions, type InfoNceOptions, infoNce } from "./info-nce.ts";
export type { Columns, Identity, Loss } from "./loss.ts";
export { matryoshka } from "./matryoshka.ts";
