/** What schemes keep of a model's quality, from vectors that are made. Runs in a child of its own. */
import { type RetrievalSet, readBeir } from "../data/beir.ts";
import { cosines } from "../evaluate/agreement.ts";
import type { Similarity } from "../evaluate/rank.ts";
import { scoreRun } from "../evaluate/retrieval.ts";
import { sequence, shuffle } from "../graph/rng.ts";
import { unitRows } from "../tensor/rows.ts";
import { openSafetensors } from "../tensor/safetensors.ts";
import { floats } from "../tensor/tensor.ts";
import {
  calibrateScheme,
  dequantize,
  fitScheme,
  type KeptVectors,
  keepVectors,
  parseScheme,
  quantize,
  searchKept,
} from "../vectors/index.ts";
import { leading } from "../vectors/quantizer.ts";
import type { ChildProgress } from "./child-progress.ts";
import { quantileOf } from "./quantile.ts";

export interface ScoreRequest {
  /** What `measureModel` wrote. */
  readonly vectors: string;
  readonly width: number;
  readonly similarity: Similarity;
  readonly eval: string;
  readonly split: string;
  readonly sts: boolean;
  /** As `parseScheme` reads them. */
  readonly schemes: readonly string[];
}

/** Of one scheme. */
export interface SchemeScore {
  /** nDCG@10 of each judged query, in the order of the judgements. */
  readonly ndcg: readonly number[];
  /** Milliseconds of one query's search over all documents, the median. */
  readonly searchMs: number;
  /** Cosine of each pair of sentences. */
  readonly sts?: readonly number[];
}

export type ScoreResult = Readonly<Record<string, SchemeScore>>;

const K = 10;
const MEASURE = "ndcg@10";
/** Documents that formats are calibrated on, as `nearfold index` does. */
const SAMPLE = 1024;
const SEED = 42;
/** Searches that are timed, one query each. */
const TIMED = 30;

interface Vectors {
  /** `[N, width]` each, of unit length under cosine. */
  readonly documents: Float32Array;
  readonly queries: Float32Array;
  readonly first?: Float32Array;
  readonly second?: Float32Array;
}

/** Searches with each scheme, and scores what is found. */
export async function scoreVectors(
  request: ScoreRequest,
  report: (progress: ChildProgress) => void,
): Promise<ScoreResult> {
  const { width, similarity, schemes } = request;
  const vectors = await readVectors(request);
  const set = await readBeir(request.eval, { split: request.split });
  const options = { similarity, width };
  const sample = draw(vectors.documents, width);
  const scores: Record<string, SchemeScore> = {};
  for (const [i, text] of schemes.entries()) {
    const scheme = fitScheme(parseScheme(text), width);
    const calibrated = calibrateScheme(scheme, sample, options);
    const kept = keepVectors(calibrated, vectors.documents, width);
    const { first, second } = vectors;
    scores[text] = {
      ndcg: rounded(ndcgOf(kept, vectors.queries, set, width)),
      searchMs: timeSearch(kept, vectors.queries, width),
      ...(first && second && { sts: rounded(pairCosines({ first, second }, calibrated, width)) }),
    };
    report({ unit: "formats of vectors", done: i + 1, total: schemes.length });
  }
  return scores;
}

async function readVectors({ vectors, width, similarity, sts }: ScoreRequest): Promise<Vectors> {
  await using file = await openSafetensors(vectors);
  const read = async (name: string) => {
    const { data } = await file.readAsFloat32(name);
    return similarity === "cosine" ? unitRows(data, width) : data;
  };
  return {
    documents: await read("documents"),
    queries: await read("queries"),
    ...(sts && { first: await read("first"), second: await read("second") }),
  };
}

function ndcgOf(
  kept: KeptVectors,
  queries: Float32Array,
  { documents, queries: texts, qrels }: RetrievalSet,
  width: number,
): ArrayLike<number> {
  const ids = [...documents.keys()];
  const found = searchKept(queries, kept, { k: K, width });
  const run = new Map(
    [...texts.keys()].map((query, i) => [
      query,
      found[i].map(({ row, score }) => ({ id: ids[row], score })),
    ]),
  );
  return scoreRun(run, qrels, { measures: [MEASURE] }).perQuery[MEASURE];
}

function timeSearch(kept: KeptVectors, queries: Float32Array, width: number): number {
  const count = queries.length / width;
  const times = Array.from({ length: TIMED }, (_, i) => {
    const row = i % count;
    const query = queries.subarray(row * width, (row + 1) * width);
    const began = performance.now();
    searchKept(query, kept, { k: K, width });
    return performance.now() - began;
  });
  return quantileOf(times, 0.5);
}

/** The second sentence as it is kept in the finest format of the scheme, the first as a query is: in floats. */
function pairCosines(
  { first, second }: Required<Pick<Vectors, "first" | "second">>,
  { search, rescore = search }: ReturnType<typeof calibrateScheme>,
  width: number,
): ArrayLike<number> {
  const { dims } = rescore.format;
  const rows = first.length / width;
  const kept = dequantize(quantize(rescore, second, { width }));
  return cosines(floats(leading(first, width, rescore), [rows, dims]), floats(kept, [rows, dims]));
}

function draw(documents: Float32Array, width: number): Float32Array {
  const rows = Int32Array.from({ length: documents.length / width }, (_, row) => row);
  const drawn = shuffle(rows, sequence(SEED)).subarray(0, SAMPLE);
  const sample = new Float32Array(drawn.length * width);
  drawn.forEach((row, i) => {
    sample.set(documents.subarray(row * width, (row + 1) * width), i * width);
  });
  return sample;
}

/** Short enough for a file: finer than any score. */
function rounded(values: ArrayLike<number>): readonly number[] {
  return Array.from(values, (value) => Number(value.toPrecision(9)));
}
