/** How good vectors are, on data that lies beside the project. */
import { type RetrievalSet, readBeir, readSts, type ScoredPair } from "../src/data/index.ts";
import { type Encoder, openEncoder } from "../src/encoder/index.ts";
import { type Ranking, type Run, rank, scoreRun, spearman } from "../src/evaluate/index.ts";
import type { Model } from "../src/models/index.ts";
import { floats, type Tensor } from "../src/tensor/tensor.ts";
import { shared } from "../test/shared.ts";
import { mean } from "./measure.ts";

/** Documents that a ranking holds. */
export const DEPTH = 10;
const MEASURE = "ndcg@10";

/** nDCG@10 of a BEIR folder's test split: the queries by one encoder, the documents by the same or another of its space. */
export async function retrievalQuality(
  name: "scifact" | "cranfield",
  queries: Encoder,
  documents: Encoder = queries,
): Promise<number> {
  const set = await readBeir(shared(`data/${name}`), { split: "test" });
  return mean(ndcg(await rankAll(set, queries, documents), set));
}

/** What each query finds among all documents, in the order of the queries. */
export async function rankAll(
  set: RetrievalSet,
  queries: Encoder,
  documents: Encoder = queries,
): Promise<readonly Ranking[]> {
  const asked = await encode(queries, [...set.queries.values()], "query");
  const found = await encode(documents, [...set.documents.values()], "document");
  return rank(asked, found, { ids: [...set.documents.keys()], k: DEPTH });
}

/** nDCG@10 of each query. */
export function ndcg(rankings: readonly Ranking[], { queries, qrels }: RetrievalSet): Float64Array {
  const run: Run = new Map([...queries.keys()].map((id, i) => [id, rankings[i]]));
  return scoreRun(run, qrels, { measures: [MEASURE] }).perQuery[MEASURE];
}

/** Spearman's correlation of the cosines with the scores of STS-B's test split. */
export async function stsQuality(encoder: Encoder): Promise<number> {
  const rows = await readStsTest();
  return spearman(
    await cosinesOf(encoder, rows),
    rows.map(({ score }) => score),
  );
}

/** The pairs of STS-B's test split. */
export function readStsTest(): Promise<ScoredPair[]> {
  return Array.fromAsync(readSts(shared("data/stsbenchmark/test.jsonl")));
}

async function cosinesOf(encoder: Encoder, rows: readonly ScoredPair[]): Promise<number[]> {
  const texts = rows.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]);
  const { vectors, dims } = await encoder.encode(texts);
  const vector = (row: number) => vectors.subarray(row * dims, (row + 1) * dims);
  return rows.map((_, row) => {
    const [a, b] = [vector(2 * row), vector(2 * row + 1)];
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  });
}

async function encode(encoder: Encoder, texts: readonly string[], role: "query" | "document") {
  const { vectors, dims } = await encoder.encode(texts, { role });
  return floats(vectors, [texts.length, dims]);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}

/** Spearman's correlation of a model's cosines with people's scores on STS-B test. */
export async function stsOf(model: Model<Tensor>): Promise<number> {
  await using encoder = await openEncoder(model);
  return await stsQuality(encoder);
}
