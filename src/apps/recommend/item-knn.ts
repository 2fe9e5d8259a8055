import { TopK } from "../../tensor/top-k.ts";
import { historyWeights } from "./draw-batch.ts";
import { type Feedback, itemCounts } from "./feedback.ts";
import type { Scorer } from "./scorer.ts";

export interface ItemKnnOptions {
  /** Of each item, how many of the nearest count. @default 100 */
  readonly neighbours?: number;
  /** Added to the denominator: holds back what few chose (Bell and Koren 2007). @default 20 */
  readonly shrinkage?: number;
  /** In a history, items so much earlier count half. @default all count the same */
  readonly halfLife?: number;
}

/**
 * Item-to-item collaborative filtering (Sarwar et al. 2001; Deshpande and Karypis 2004, cosine): items are near that the same users chose,
 * `c_ij / (√(n_i n_j) + shrinkage)`, of each the best `neighbours`; an item's score is the sum over the history. What careful engineers try first.
 */
export function itemKnn(
  feedback: Feedback,
  { neighbours = 100, shrinkage = 20, halfLife = Number.POSITIVE_INFINITY }: ItemKnnOptions = {},
): Scorer {
  const counts = itemCounts(feedback);
  const users = usersOf(feedback);
  const together = new Int32Array(counts.length);
  const lists = Array.from({ length: counts.length }, (_, item) =>
    nearestItems(item, { feedback, users, counts, together, neighbours, shrinkage }),
  );
  // Turned round: an item adds to those whose neighbour it is.
  const targets: { row: number; score: number }[][] = Array.from(counts, () => []);
  lists.forEach((list, item) => {
    for (const { row, score } of list) targets[row].push({ row: item, score });
  });
  return (history) => {
    const scores = new Float32Array(counts.length);
    historyWeights(history.length, halfLife).forEach((weight, i) => {
      for (const { row, score } of targets[history[i]]) scores[row] += weight * score;
    });
    return scores;
  };
}

interface Together extends Required<Omit<ItemKnnOptions, "halfLife">> {
  readonly feedback: Feedback;
  /** Of each item, who chose it. */
  readonly users: readonly (readonly number[])[];
  readonly counts: Int32Array;
  /** `[I]` of zeros, which is left so. */
  readonly together: Int32Array;
}

function nearestItems(
  item: number,
  { feedback: { histories }, users, counts, together, neighbours, shrinkage }: Together,
): readonly { readonly row: number; readonly score: number }[] {
  const others: number[] = [];
  for (const user of users[item]) {
    for (const other of histories[user]) if (together[other]++ === 0) others.push(other);
  }
  const best = new TopK(Math.min(neighbours, others.length));
  for (const other of others) {
    const score = together[other] / (Math.sqrt(counts[item] * counts[other]) + shrinkage);
    if (other !== item) best.push(score, other);
    together[other] = 0;
  }
  return best.sorted();
}

function usersOf({ items, histories }: Feedback): number[][] {
  const users: number[][] = Array.from(items, () => []);
  histories.forEach((history, user) => {
    for (const row of history) users[row].push(user);
  });
  return users;
}
