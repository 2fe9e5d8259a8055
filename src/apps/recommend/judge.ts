/** How well recommenders foretell what somebody chose next. */
import type { HeldOut } from "./leave-last-out.ts";
import { rankOf, type Scorer } from "./scorer.ts";

/** For each user that was asked about, in their order. */
export interface Judged {
  /** 1 / log2(1 + rank) within the first `k` places, else 0: there is one item to find, so the best possible is 1. */
  readonly ndcg: Float64Array;
  /** 1 where it is among the first `k`. */
  readonly recall: Float64Array;
}

/**
 * Ranks all items that a user has not chosen and looks for the one that was held out.
 * @param k @default 10
 * @param candidates rows that are ranked @default all
 */
export function judge(
  { learnt, asked }: HeldOut,
  scorer: Scorer,
  {
    k = 10,
    candidates,
  }: { readonly k?: number; readonly candidates?: (row: number) => boolean } = {},
): Judged {
  const ranks = asked.map(({ user, item }) => {
    const history = learnt.histories[user];
    return rankOf(scorer(history), item, history, candidates);
  });
  return {
    ndcg: Float64Array.from(ranks, (rank) => (rank <= k ? 1 / Math.log2(1 + rank) : 0)),
    recall: Float64Array.from(ranks, (rank) => (rank <= k ? 1 : 0)),
  };
}
