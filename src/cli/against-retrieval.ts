/** Two models on one retrieval set. */
import type { RetrievalSet } from "../data/index.ts";
import {
  alignment,
  comparePaired,
  firstRelevantRank,
  largestLosses,
  type Measure,
  meanStatistic,
  type RetrievalScores,
  type Run,
  runAgreement,
  type Similarity,
  sampleRows,
  scoreRun,
  takeRows,
  uniformity,
  vectorAgreement,
} from "../evaluate/index.ts";
import type { Compared, Geometry, LostRow, Two } from "./compared.ts";
import { compare, DEPTH, resampling, SEED, type SetVectors, searchSet } from "./retrieval.ts";

/** What a model made of the set. */
export interface RetrievalSide {
  readonly vectors: SetVectors;
  readonly similarity: Similarity;
}

export interface RetrievalOptions {
  /** Depth of the overlap. */
  readonly topK: number;
  /** How many of the queries that lost are shown. */
  readonly worst: number;
}

/** In rank-biased overlap: the first ten ranks have 86 % of the weight. */
const PERSISTENCE = 0.9;
/** Documents between which uniformity is measured: half a million distances. */
const UNIFORMITY_TEXTS = 1000;
/** Matches of which alignment is the mean, at most. */
const ALIGNMENT_PAIRS = 10_000;

/** Each measure of both, where they differ and how far they agree. */
export function compareRetrieval(
  set: RetrievalSet,
  { ours, baseline }: Two<RetrievalSide>,
  { topK, worst }: RetrievalOptions,
): Compared {
  const search = ({ vectors, similarity }: RetrievalSide) =>
    searchSet(set, vectors, { similarity, depth: Math.max(DEPTH, topK) });
  const runs = { ours: search(ours), baseline: search(baseline) };
  const scores = {
    ours: scoreRun(runs.ours, set.qrels),
    baseline: scoreRun(runs.baseline, set.qrels),
  };
  const { queries } = scores.ours;
  const ndcg = {
    ours: scores.ours.perQuery["ndcg@10"],
    baseline: scores.baseline.perQuery["ndcg@10"],
  };
  const rows = queries.map((query, i) => rowOf(set, query, ndcg, i));
  return {
    sizes: { queries: queries.length, documents: set.documents.size },
    drawn: `${queries.length} queries`,
    samples: resampling(queries.length).samples,
    headline: ["ndcg@10", "nDCG@10"],
    comparisons: comparisonsOf(scores),
    test: "paired randomization test",
    agreement: agreementOf(runs, topK),
    vectors: vectorsOf(ours.vectors, baseline.vectors),
    geometry: { ours: geometryOf(set, ours.vectors), baseline: geometryOf(set, baseline.vectors) },
    rows,
    worst: largestLosses(ndcg.ours, ndcg.baseline, worst).map((row) =>
      lostQuery(set, runs, rows[row]),
    ),
  };
}

/** p of means is that of the randomization test, as beside BM25. */
function comparisonsOf<M extends Measure>({ ours, baseline }: Two<RetrievalScores<M>>) {
  const names = Object.keys(ours.perQuery) as M[];
  const { length } = ours.queries;
  const statistics = names.map((name) => {
    const one = meanStatistic(ours.perQuery[name]);
    return [name, { ours: one, baseline: meanStatistic(baseline.perQuery[name]) }] as const;
  });
  const found = comparePaired(Object.fromEntries(statistics), length, resampling(length));
  const tested = names.map((name) => {
    const { p } = compare(ours.perQuery[name], baseline.perQuery[name]);
    return [name, { ...found[name], p }] as const;
  });
  return Object.fromEntries(tested);
}

interface QueryRow {
  readonly query: string;
  readonly text: string;
  readonly model: number;
  readonly baseline: number;
  readonly delta: number;
}

function rowOf(
  { queries }: RetrievalSet,
  query: string,
  scores: Two<Float64Array>,
  row: number,
): QueryRow {
  const [model, baseline] = [scores.ours[row], scores.baseline[row]];
  return { query, text: queries.get(query) ?? "", model, baseline, delta: model - baseline };
}

/** What both found first, and how far down the first relevant document is. */
function lostQuery(set: RetrievalSet, runs: Two<Run>, row: QueryRow): LostRow {
  const found = (run: Run, score: number) => {
    const ranking = run.get(row.query) ?? [];
    const rank = firstRelevantRank(ranking, set.qrels.get(row.query)!);
    const id = ranking[0]?.id;
    const text = id === undefined ? "" : (set.documents.get(id) ?? "");
    const relevant = rank === undefined ? `none in ${ranking.length}` : `at ${rank}`;
    return {
      json: { relevantRank: rank ?? null, first: id === undefined ? null : { id, text } },
      shown: `${score.toFixed(4)}, relevant ${relevant}, first ${id ?? "nothing"}: ${text}`,
    };
  };
  const [ours, baseline] = [found(runs.ours, row.model), found(runs.baseline, row.baseline)];
  return {
    json: { ...row, found: { model: ours.json, baseline: baseline.json } },
    text: row.text,
    delta: row.delta,
    shown: { ours: ours.shown, baseline: baseline.shown },
  };
}

function agreementOf({ ours, baseline }: Two<Run>, k: number): Compared["agreement"] {
  const { overlap, rankBiasedOverlap } = runAgreement(ours, baseline, {
    k,
    persistence: PERSISTENCE,
  });
  return {
    json: { k, overlap, persistence: PERSISTENCE, rankBiasedOverlap },
    text: `Agreement: ${(100 * overlap).toFixed(1)} % of the first ${k} documents are the same; rank-biased overlap ${rankBiasedOverlap.toFixed(4)}`,
  };
}

/** Over documents and queries alike. */
function vectorsOf(ours: SetVectors, baseline: SetVectors): Compared["vectors"] {
  if (ours.documents.shape[1] !== baseline.documents.shape[1]) return undefined;
  return vectorAgreement([ours.documents, baseline.documents], [ours.queries, baseline.queries]);
}

function geometryOf({ documents, queries, qrels }: RetrievalSet, vectors: SetVectors): Geometry {
  const [queryRows, documentRows] = [rowsOf(queries), rowsOf(documents)];
  const matches = [...qrels].flatMap(([query, grades]) =>
    [...grades].flatMap(([document, grade]) =>
      grade > 0 ? [[queryRows.get(query)!, documentRows.get(document)!] as const] : [],
    ),
  );
  const kept = [...sampleRows(matches.length, ALIGNMENT_PAIRS, SEED)].map((i) => matches[i]);
  const texts = sampleRows(documents.size, UNIFORMITY_TEXTS, SEED);
  return {
    alignment: alignment(
      takeRows(
        vectors.queries,
        kept.map(([query]) => query),
      ),
      takeRows(
        vectors.documents,
        kept.map(([, document]) => document),
      ),
    ),
    uniformity: uniformity(takeRows(vectors.documents, texts)),
  };
}

function rowsOf(texts: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
  return new Map([...texts.keys()].map((id, row) => [id, row]));
}
