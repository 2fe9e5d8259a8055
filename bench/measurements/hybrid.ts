import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bm25, type Ranking, scoreRun } from "../../src/evaluate/index.ts";
import {
  type HybridQuery,
  openStore,
  searchHybrid,
  type VectorStore,
} from "../../src/stores/index.ts";
import { type EncodedSet, encodeSets } from "../kept-quality.ts";
import { needs } from "../real-data.ts";
import type { Finding, Measurement } from "../result.ts";

const K = 10;
const MEASURE = "ndcg@10";
const WEIGHTS = [
  [2, 1],
  [1, 2],
] as const;

/** By the store that a person gets where they say nothing: a folder, LanceDB's keyword search, both rankings with the same weight. */
export const hybrid: Measurement = {
  about:
    "nDCG@10 of hybrid search by MiniLM over the better of its vectors and BM25, on SciFact and Cranfield: the lesser",
  unit: "of the better one's",
  better: "higher",
  targets: [1],
  missing: needs("data", "miniLm"),
  async run(log): Promise<Finding> {
    const details: Record<string, string> = {};
    const gains: number[] = [];
    for (const set of await encodeSets(log)) {
      const scores = await searchAll(set);
      for (const [name, score] of Object.entries(scores)) {
        details[`${set.name}, ${name}`] = score.toFixed(4);
        log(`${set.name}, ${name}: ${score.toFixed(4)}`);
      }
      const { hybrid, vectors, BM25, "LanceDB's keywords": keywords } = scores;
      gains.push(hybrid / Math.max(vectors, BM25, keywords));
    }
    const peers = [{ name: "the better of vectors and BM25", figures: [1] }];
    return { ours: [Math.min(...gains)], peers, details };
  },
};

async function searchAll(encoded: EncodedSet): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), "nearfold-hybrid-"));
  try {
    await using store = await fill(join(folder, "index"), encoded);
    const { set, queries, width } = encoded;
    const asked = [...set.queries].map(([id, text], i) => ({
      id,
      query: { text, vector: queries.slice(i * width, (i + 1) * width) },
    }));
    const score = async (find: (query: HybridQuery) => Promise<Ranking>) => {
      const run = new Map();
      for (const { id, query } of asked) run.set(id, await find(query));
      return scoreRun(run, set.qrels, { measures: [MEASURE] }).mean[MEASURE];
    };
    const words = bm25(set.documents);
    const weighted = WEIGHTS.map(async ([vector, text]) => [
      `hybrid, vectors ${vector} : keywords ${text}`,
      await score((query) => searchHybrid(store, query, K, { weights: { vector, text } })),
    ]);
    return {
      hybrid: await score((query) => searchHybrid(store, query, K)),
      vectors: await score(async ({ vector }) => (await store.search(vector, K))[0]),
      "LanceDB's keywords": await score(({ text }) => store.searchText(text, K)),
      BM25: await score(async ({ text }) => words.search(text, K)),
      ...Object.fromEntries(await Promise.all(weighted)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fill(path: string, { set, documents, width }: EncodedSet): Promise<VectorStore> {
  const space = { id: `sha256:${"0".repeat(64)}`, dims: width, similarity: "cosine" } as const;
  const store = await openStore(path, { model: { name: "MiniLM", space } });
  const payloads = [...set.documents.values()].map((text) => ({ text }));
  await store.upsert([...set.documents.keys()], documents, { payloads });
  await store.optimize();
  return store;
}
