/** How well descriptions find their APIs, beside keyword search on the same text. */
import { compare, intervalsOf, runBm25, runModel } from "../../src/cli/retrieval.ts";
import type { RetrievalSet } from "../../src/data/index.ts";
import { openEncoder } from "../../src/encoder/index.ts";
import { type Interval, type Run, scoreRun } from "../../src/evaluate/index.ts";
import type { Model } from "../../src/models/index.ts";
import type { ApiPair } from "./api-pairs.ts";
import { splitWords } from "./query-text.ts";

const measures = { measures: ["ndcg@10", "recall@10"] } as const;
const silent = { report: () => {}, signal: new AbortController().signal, now: () => 0 };

/** Queries of one side over the documents of another: equal descriptions are one query with several answers. */
export function retrievalOf(
  asked: readonly ApiPair[],
  candidates: readonly ApiPair[],
): RetrievalSet {
  const queries = new Map<string, string>();
  const qrels = new Map<string, Map<string, number>>();
  const ids = new Map<string, string>();
  for (const { id, query } of asked) {
    const first = ids.get(query) ?? id;
    ids.set(query, first);
    queries.set(first, query);
    qrels.set(first, (qrels.get(first) ?? new Map<string, number>()).set(id, 1));
  }
  const documents = new Map(candidates.map(({ id, document }) => [id, document]));
  return { queries, documents, qrels };
}

export async function encodeAndScore(model: Model, set: RetrievalSet, dims: number) {
  await using encoder = await openEncoder(model);
  return scoreRun(await runModel(encoder, set, dims, silent), set.qrels, measures);
}

export interface Row {
  readonly name: string;
  readonly queries: number;
  readonly model: { readonly ndcg10: Interval; readonly recall10: number };
  readonly bm25: { readonly ndcg10: Interval; readonly recall10: number };
  /** Of the paired test between the two. */
  readonly p: number;
}

export interface Quality {
  /** All held-out queries over the held-out documents, then harder ways to look at them. */
  readonly rows: readonly Row[];
  readonly dimensions: readonly { readonly dimensions: number; readonly ndcg10: Interval }[];
  /** The runs of the first row, for examples. */
  readonly runs: { readonly set: RetrievalSet; readonly model: Run; readonly bm25: Run };
}

/**
 * The test side: 800 descriptions, 800 declarations, none of them seen in training. Then its queries that are unlike every training
 * query (Jaccard similarity of their words below 0.5), and all of them with every API as a candidate.
 */
export async function measureQuality(
  model: Model,
  test: readonly ApiPair[],
  train: readonly ApiPair[],
  everything: readonly ApiPair[],
  dims: readonly number[],
): Promise<Quality> {
  await using encoder = await openEncoder(model);
  const held = retrievalOf(test, test);
  const all = retrievalOf(test, everything);
  const [full] = dims as [number];
  const ours = await runModel(encoder, held, full, silent);
  const theirs = runBm25(held);
  const unlike = unlikeAny(held.queries, train);
  const dimensions = [];
  for (const width of dims) {
    const run = width === full ? ours : await runModel(encoder, held, width, silent);
    const scores = scoreRun(run, held.qrels, measures);
    dimensions.push({ dimensions: width, ndcg10: intervalsOf(scores)["ndcg@10"] });
  }
  return {
    rows: [
      rowOf("All held-out queries", held, ours, theirs),
      rowOf("Those unlike any training query", only(held, unlike), ours, theirs),
      rowOf(
        `All, among all ${everything.length} APIs`,
        all,
        await runModel(encoder, all, full, silent),
        runBm25(all),
      ),
    ],
    dimensions,
    runs: { set: held, model: ours, bm25: theirs },
  };
}

function rowOf(name: string, { qrels }: RetrievalSet, ours: Run, theirs: Run): Row {
  const [a, b] = [ours, theirs].map((run) => {
    const kept = new Map([...run].filter(([query]) => qrels.has(query)));
    return scoreRun(kept, qrels, measures);
  });
  const scores = (found: typeof a) => ({
    ndcg10: intervalsOf(found)["ndcg@10"],
    recall10: found.mean["recall@10"],
  });
  const { p } = compare(a.perQuery["ndcg@10"], b.perQuery["ndcg@10"]);
  return { name, queries: qrels.size, model: scores(a), bm25: scores(b), p };
}

function only(set: RetrievalSet, queries: ReadonlySet<string>): RetrievalSet {
  const keep = <V>(map: ReadonlyMap<string, V>) =>
    new Map([...map].filter(([id]) => queries.has(id)));
  return { ...set, queries: keep(set.queries), qrels: keep(set.qrels) };
}

/** The ids of queries whose words are shared by less than half with every training query. */
function unlikeAny(
  queries: ReadonlyMap<string, string>,
  train: readonly ApiPair[],
): ReadonlySet<string> {
  const known = train.map(({ query }) => new Set(splitWords(query)));
  const byWord = new Map<string, number[]>();
  known.forEach((words, i) => {
    for (const word of words) {
      const list = byWord.get(word) ?? [];
      list.push(i);
      byWord.set(word, list);
    }
  });
  const unlike = [...queries].filter(([, text]) => {
    const words = new Set(splitWords(text));
    const shared = new Map<number, number>();
    for (const word of words) {
      for (const i of byWord.get(word) ?? []) shared.set(i, (shared.get(i) ?? 0) + 1);
    }
    return [...shared].every(([i, n]) => n / (words.size + known[i].size - n) < 0.5);
  });
  return new Set(unlike.map(([id]) => id));
}
