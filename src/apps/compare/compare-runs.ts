/** The same queries through two indexes: how far they find the same, and which finds more of what is relevant. */
import { NearfoldError } from "../../errors.ts";
import {
  bootstrapMean,
  type Comparison,
  comparePaired,
  type Interval,
  type Judgements,
  meanStatistic,
  type Run,
  rankBiasedOverlap,
  scoreRun,
  topKOverlap,
} from "../../evaluate/index.ts";
import type { Query } from "./run-queries.ts";

export interface CompareOptions {
  /** First documents that are compared. @default 10 */
  readonly k?: number;
  /** Query → document → grade; queries without any are left out of the scores. @default none: no scores */
  readonly qrels?: ReadonlyMap<string, Judgements>;
  /** How many of the queries that differ most are told. @default 5 */
  readonly worst?: number;
}

/** `a` is what is there, `b` what may take its place. */
export interface CompareReport {
  readonly queries: number;
  readonly k: number;
  /** Share of the first `k` documents that both find: mean over the queries, with its 95 % interval. */
  readonly overlap: Interval;
  /** Mean rank-biased overlap at persistence 0.9 (Webber, Moffat, Zobel 2010). */
  readonly rankBiasedOverlap: number;
  /** Queries whose first document is the same. */
  readonly sameFirst: number;
  /** Those that have least in common, by rank-biased overlap; none that find the same in the same order. */
  readonly differing: readonly Differing[];
  /** nDCG@10 of `b` ("ours") beside `a` ("baseline"), over so many judged queries. */
  readonly judged?: { readonly queries: number; readonly ndcg10: Comparison };
}

export interface Differing {
  readonly query: string;
  readonly text: string;
  readonly overlap: number;
  /** The first documents of either, best first. */
  readonly a: readonly string[];
  readonly b: readonly string[];
}

const PERSISTENCE = 0.9;
const SEED = 42;
const SHOWN = 3;
/** But for rounding. */
const SAME = 1 - 1e-9;

/** @throws bad-argument without a query, or where no query is judged */
export function compareRuns(
  a: Run,
  b: Run,
  queries: readonly Query[],
  { k = 10, qrels, worst = 5 }: CompareOptions = {},
): CompareReport {
  if (queries.length === 0) throw new NearfoldError("bad-argument", "there is no query to compare");
  const rows = queries.map(({ id, text }) => {
    const [one, other] = [a.get(id) ?? [], b.get(id) ?? []];
    return {
      ...{ query: id, text, overlap: topKOverlap(one, other, k) },
      biased: rankBiasedOverlap(one.slice(0, k), other.slice(0, k), PERSISTENCE),
      a: one.slice(0, SHOWN).map((hit) => hit.id),
      b: other.slice(0, SHOWN).map((hit) => hit.id),
    };
  });
  const differing = rows
    .filter(({ biased }) => biased < SAME)
    .toSorted((x, y) => x.biased - y.biased)
    .slice(0, worst)
    .map(({ biased: _, ...row }) => row);
  return {
    ...{ queries: queries.length, k },
    overlap: bootstrapMean(
      rows.map(({ overlap }) => overlap),
      resampling(rows.length),
    ),
    rankBiasedOverlap: rows.reduce((sum, { biased }) => sum + biased, 0) / rows.length,
    sameFirst: rows.filter((row) => row.a[0] === row.b[0]).length,
    differing,
    ...(qrels && { judged: judge(a, b, qrels) }),
  };
}

function judge(a: Run, b: Run, qrels: ReadonlyMap<string, Judgements>) {
  const asked = new Map([...qrels].filter(([query]) => a.has(query)));
  if (asked.size === 0) {
    throw new NearfoldError("bad-argument", "none of the queries is judged", {
      got: `judgements of ${[...qrels.keys()].slice(0, 3).join(", ") || "nothing"}`,
      wanted: "ids of the queries",
    });
  }
  const [one, other] = [a, b].map((run) => scoreRun(run, asked, { measures: ["ndcg@10"] }));
  const { length } = one.queries;
  const statistic = {
    ours: meanStatistic(other.perQuery["ndcg@10"]),
    baseline: meanStatistic(one.perQuery["ndcg@10"]),
  };
  const { ndcg10 } = comparePaired({ ndcg10: statistic }, length, resampling(length));
  return { queries: length, ndcg10 };
}

/** Many queries need fewer samples for the same answer in the same time. */
function resampling(queries: number) {
  return { seed: SEED, samples: Math.max(1000, Math.min(10_000, Math.ceil(5e6 / queries))) };
}
