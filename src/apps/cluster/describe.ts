/** What groups are about: their terms, and the texts nearest to their middle. */
import { words } from "../../evaluate/index.ts";
import { asUnitRows } from "./unit-rows.ts";

export interface ClusterSummary {
  /** -1 for noise. */
  readonly cluster: number;
  readonly size: number;
  /** That tell it from the others, the most telling first. */
  readonly terms: readonly string[];
  /** Rows nearest to the middle, the nearest first. */
  readonly examples: readonly number[];
}

export interface DescribeOptions {
  /** @default 5 */
  readonly terms?: number;
  /** @default 3 */
  readonly examples?: number;
}

/** Groups by size, the largest first, noise last. @param vectors `[N, dims]` */
export function describeClusters(
  texts: readonly string[],
  vectors: Float32Array,
  dims: number,
  labels: ArrayLike<number>,
  { terms = 5, examples = 3 }: DescribeOptions = {},
): readonly ClusterSummary[] {
  const members = new Map<number, number[]>();
  for (let row = 0; row < labels.length; row++) {
    const own = members.get(labels[row]) ?? [];
    members.set(labels[row], own);
    own.push(row);
  }
  const telling = clusterTerms(texts, members, terms);
  const rows = asUnitRows(vectors, dims);
  return [...members]
    .map(([cluster, own]) => ({
      cluster,
      size: own.length,
      terms: telling.get(cluster) ?? [],
      examples: nearestToMiddle(rows, dims, own, examples),
    }))
    .sort(
      (a, b) =>
        Number(a.cluster < 0) - Number(b.cluster < 0) || b.size - a.size || a.cluster - b.cluster,
    );
}

/** How many times as often as elsewhere a common word must stand in one to tell it from the others. */
const OFTEN = 5;

/**
 * The terms of each group by class-based TF-IDF: `tf(t, c) · ln(1 + A / f(t))`, with the share of a term in a group, its occurrences in all, and the mean number of
 * words of a group (Grootendorst, "BERTopic", 2022, equation 2). Noise has none; words of one letter and numbers are left out. Words of more than a third of all groups come last, unless they stand here
 * five times as often as elsewhere: "how" says nothing of any group, and "sharepoint" of one though others have it too.
 */
function clusterTerms(
  texts: readonly string[],
  members: ReadonlyMap<number, readonly number[]>,
  most: number,
): ReadonlyMap<number, readonly string[]> {
  const counts = new Map<number, Map<string, number>>();
  const all = new Map<string, number>();
  const spread = new Map<string, number>();
  let total = 0;
  for (const [cluster, rows] of members) {
    if (cluster < 0) continue;
    const own = new Map<string, number>();
    counts.set(cluster, own);
    for (const row of rows) {
      for (const word of words(texts[row])) {
        if (word.length < 2 || /^\d+$/.test(word)) continue;
        own.set(word, (own.get(word) ?? 0) + 1);
        all.set(word, (all.get(word) ?? 0) + 1);
        total++;
      }
    }
    for (const word of own.keys()) spread.set(word, (spread.get(word) ?? 0) + 1);
  }
  const mean = total / Math.max(1, counts.size);
  const common = Math.max(2, counts.size / 3);
  return new Map(
    [...counts].map(([cluster, own]) => {
      const size = [...own.values()].reduce((sum, count) => sum + count, 0);
      const scores = [...own].map(([word, count]) => {
        const weight = count * Math.log(1 + mean / all.get(word)!);
        const elsewhere = (all.get(word)! - count) / Math.max(1, total - size);
        const often = count / size / elsewhere;
        const isCommon = spread.get(word)! > common && often < OFTEN;
        return { word, score: isCommon ? weight / 1000 : weight };
      });
      scores.sort((a, b) => b.score - a.score || (a.word < b.word ? -1 : 1));
      return [cluster, scores.slice(0, most).map(({ word }) => word)];
    }),
  );
}

function nearestToMiddle(
  rows: Float32Array,
  dims: number,
  members: readonly number[],
  most: number,
): readonly number[] {
  const middle = new Float64Array(dims);
  for (const row of members) for (let i = 0; i < dims; i++) middle[i] += rows[row * dims + i];
  const scored = members.map((row) => {
    let score = 0;
    for (let i = 0; i < dims; i++) score += middle[i] * rows[row * dims + i];
    return { row, score };
  });
  scored.sort((a, b) => b.score - a.score || a.row - b.row);
  return scored.slice(0, most).map(({ row }) => row);
}
