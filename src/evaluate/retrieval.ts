/** Scores of a run over all queries. */
import type { Qrels } from "../data/beir.ts";
import { NearfoldError } from "../errors.ts";
import { type Measure, measure } from "./measures.ts";
import type { Run } from "./ranking.ts";

export interface RetrievalOptions<M extends Measure> {
  /** @default ndcg@10, mrr@10, map@100, recall@10, recall@100, precision@10, accuracy@10 */
  readonly measures?: readonly M[];
  /**
   * What a query does for which nothing is relevant: left out of the means (sentence-transformers), or counted
   * as 0 (trec_eval).
   * @default "skip"
   */
  readonly withoutRelevant?: "skip" | "zero";
}

export interface RetrievalScores<M extends Measure> {
  /** The queries that count. */
  readonly queries: readonly string[];
  readonly mean: Readonly<Record<M, number>>;
  /** One value for each of `queries`: what intervals and tests are made of. */
  readonly perQuery: Readonly<Record<M, Float64Array>>;
}

const usual = [
  "ndcg@10",
  "mrr@10",
  "map@100",
  "recall@10",
  "recall@100",
  "precision@10",
  "accuracy@10",
] as const satisfies readonly Measure[];

/**
 * Scores the rankings of a run. A judged query that the run lacks scores 0; one that nobody judged is left out.
 * @throws bad-argument when no query counts, or for a name that is no measure.
 */
export function scoreRun<M extends Measure = (typeof usual)[number]>(
  run: Run,
  qrels: Qrels,
  {
    measures = usual as readonly Measure[] as readonly M[],
    withoutRelevant = "skip",
  }: RetrievalOptions<M> = {},
): RetrievalScores<M> {
  const judged = [...qrels].filter(
    ([, judgements]) =>
      withoutRelevant === "zero" || judgements.values().some((grade) => grade > 0),
  );
  if (judged.length === 0) {
    throw new NearfoldError("bad-argument", "there is no query to score", {
      got: `${qrels.size} judged queries, none with a relevant document`,
      wanted: "at least one",
    });
  }
  const rankings = judged.map(([query]) => (run.get(query) ?? []).map(({ id }) => id));
  const values = measures.map((name) => {
    const score = measure(name);
    return [
      name,
      Float64Array.from(judged, ([, judgements], i) => score(rankings[i], judgements)),
    ] as const;
  });
  return {
    queries: judged.map(([query]) => query),
    mean: Object.fromEntries(
      values.map(([name, all]) => [name, all.reduce((a, b) => a + b, 0) / all.length]),
    ) as Record<M, number>,
    perQuery: Object.fromEntries(values) as Record<M, Float64Array>,
  };
}
