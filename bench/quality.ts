/** How good vectors are, on data that lies beside the project. */
import { readBeir, readSts } from "../src/data/index.ts";
import type { Encoder } from "../src/encoder/index.ts";
import { rank, scoreRun, spearman } from "../src/evaluate/index.ts";
import { floats } from "../src/tensor/tensor.ts";
import { shared } from "../test/shared.ts";

const DEPTH = 10;

/** nDCG@10 of a BEIR folder's test split: the queries by one encoder, the documents by the same or another of its space. */
export async function retrievalQuality(
  name: "scifact" | "cranfield",
  queries: Encoder,
  documents: Encoder = queries,
): Promise<number> {
  const set = await readBeir(shared(`data/${name}`), { split: "test" });
  const asked = await encode(queries, [...set.queries.values()], "query");
  const found = await encode(documents, [...set.documents.values()], "document");
  const rankings = rank(asked, found, { ids: [...set.documents.keys()], k: DEPTH });
  const run = new Map([...set.queries.keys()].map((id, i) => [id, rankings[i]]));
  return scoreRun(run, set.qrels, { measures: ["ndcg@10"] }).mean["ndcg@10"];
}

/** Spearman's correlation of the cosines with the scores of STS-B's test split. */
export async function stsQuality(encoder: Encoder): Promise<number> {
  const rows = await Array.fromAsync(readSts(shared("data/stsbenchmark/test.jsonl")));
  const texts = rows.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]);
  const { vectors, dims } = await encoder.encode(texts);
  const vector = (row: number) => vectors.subarray(row * dims, (row + 1) * dims);
  const cosines = rows.map((_, row) => {
    const [a, b] = [vector(2 * row), vector(2 * row + 1)];
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  });
  return spearman(
    cosines,
    rows.map(({ score }) => score),
  );
}

async function encode(encoder: Encoder, texts: readonly string[], role: "query" | "document") {
  const { vectors, dims } = await encoder.encode(texts, { role });
  return floats(vectors, [texts.length, dims]);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}
