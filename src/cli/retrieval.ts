/** Retrieval with a model or with BM25, and the figures of either. */
import type { Pair, RetrievalSet } from "../data/index.ts";
import type { Encoder } from "../encoder/index.ts";
import {
  bm25,
  bootstrapMean,
  type Interval,
  type Measure,
  type PairedTest,
  pairedTest,
  type RetrievalScores,
  type Run,
  rank,
  type Similarity,
} from "../evaluate/index.ts";
import type { Role } from "../models/model.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import { type EncodeContext, encodeAll } from "./encoding.ts";

/** Hits kept for each query: what the deepest usual measure looks at. */
export const DEPTH = 100;
export const SEED = 42;

/** Pairs as a retrieval task: every anchor a query, every distinct positive a document. */
export function pairsAsRetrieval(pairs: readonly Pair[]): RetrievalSet {
  const documents = numberTexts(
    pairs.map(({ positive }) => positive),
    "d",
  );
  const queries = numberTexts(
    pairs.map(({ anchor }) => anchor),
    "q",
  );
  const qrels = new Map<string, Map<string, number>>();
  for (const { anchor, positive } of pairs) {
    const query = queries.get(anchor)!;
    const grades = qrels.get(query) ?? new Map<string, number>();
    qrels.set(query, grades.set(documents.get(positive)!, 1));
  }
  return { documents: inverted(documents), queries: inverted(queries), qrels };
}

/** Vectors of a collection, `[N, D]` and `[Q, D]`, in its order. */
export interface SetVectors {
  readonly documents: Tensor<"float32">;
  readonly queries: Tensor<"float32">;
}

/** What a model makes of all documents and queries. */
export async function encodeSet(
  encoder: Encoder,
  { documents, queries }: RetrievalSet,
  dims: number,
  context: EncodeContext,
): Promise<SetVectors> {
  const encode = async (texts: ReadonlyMap<string, string>, role: Role, unit: string) => {
    const { vectors } = await encodeAll(
      encoder,
      [...texts.values()],
      { role, dims, unit },
      context,
    );
    return floats(vectors, [texts.size, dims]);
  };
  return {
    documents: await encode(documents, "document", "documents"),
    queries: await encode(queries, "query", "queries"),
  };
}

/** What is nearest to each query, by exact search. */
export function searchSet(
  { documents, queries }: RetrievalSet,
  vectors: SetVectors,
  { similarity, depth = DEPTH }: { readonly similarity: Similarity; readonly depth?: number },
): Run {
  const ids = [...documents.keys()];
  const rankings = rank(vectors.queries, vectors.documents, { ids, k: depth, similarity });
  return new Map([...queries.keys()].map((id, i) => [id, rankings[i]]));
}

/** The documents that a model finds for each query. */
export async function runModel(
  encoder: Encoder,
  set: RetrievalSet,
  dims: number,
  context: EncodeContext,
): Promise<Run> {
  const { similarity } = encoder.space;
  return searchSet(set, await encodeSet(encoder, set, dims, context), { similarity });
}

/** The documents that keyword search finds for each query. */
export function runBm25({ documents, queries }: RetrievalSet): Run {
  const index = bm25(documents);
  return new Map([...queries].map(([id, text]) => [id, index.search(text, DEPTH)]));
}

/** The mean of each measure with its 95 % interval. */
export function intervalsOf<M extends Measure>({
  perQuery,
}: RetrievalScores<M>): Readonly<Record<M, Interval>> {
  const entries = Object.entries<Float64Array>(perQuery).map(
    ([name, values]) => [name, bootstrapMean(values, resampling(values.length))] as const,
  );
  return Object.fromEntries(entries) as Record<M, Interval>;
}

/** How sure it is that two runs differ. */
export function compare(ours: ArrayLike<number>, theirs: ArrayLike<number>): PairedTest {
  return pairedTest(ours, theirs, resampling(ours.length));
}

/** Many queries need fewer samples for the same answer in the same time. */
export function resampling(queries: number) {
  return { seed: SEED, samples: Math.max(1000, Math.min(10_000, Math.ceil(5e6 / queries))) };
}

/** Text → id, each distinct text once. */
function numberTexts(texts: readonly string[], prefix: string): Map<string, string> {
  return new Map([...new Set(texts)].map((text, i) => [text, `${prefix}${i}`]));
}

function inverted(ids: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...ids].map(([text, id]) => [id, text]));
}
