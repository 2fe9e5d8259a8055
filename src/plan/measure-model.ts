/** One model as it will be served: its queries one at a time, then the documents. Runs in a child of its own. */
import { readBeir } from "../data/beir.ts";
import { readSts } from "../data/sts.ts";
import { type Encoder, openEncoder } from "../encoder/encoder.ts";
import type { Similarity } from "../evaluate/rank.ts";
import type { Role } from "../models/model.ts";
import { writeSafetensors } from "../tensor/safetensors-writer.ts";
import { floats, type Tensor } from "../tensor/tensor.ts";
import type { ChildProgress } from "./child-progress.ts";
import { peakMemoryMb } from "./peak-memory.ts";
import { quantileOf } from "./quantile.ts";

export interface MeasureRequest {
  readonly folder: string;
  /** Of the evaluation, with the split's name. */
  readonly eval: string;
  readonly split: string;
  readonly sts?: string;
  /** Asked one at a time. */
  readonly queries: readonly string[];
  /** Queries that are timed, at least. */
  readonly runs: number;
  /** The vectors go here. */
  readonly out: string;
}

export interface MeasureResult {
  readonly queryP50Ms: number;
  readonly queryP95Ms: number;
  /** How many were timed. */
  readonly runs: number;
  /** What the model added to the process, at the peak, while it answered queries. */
  readonly memoryMb: number;
  /** The process at that peak: the program, ONNX Runtime and the model. */
  readonly processMb: number;
  /** The same while documents were encoded, in batches. */
  readonly documentsProcessMb: number;
  readonly documentsPerSecond: number;
  readonly width: number;
  readonly similarity: Similarity;
}

const WARM_UP = 20;

/** Measures, and writes the vectors of documents, queries and sentences, `[N, D]` each. */
export async function measureModel(
  request: MeasureRequest,
  report: (progress: ChildProgress) => void,
): Promise<MeasureResult> {
  const before = process.memoryUsage.rss() / 1e6;
  await using encoder = await openEncoder(request.folder);
  const times = await timeQueries(encoder, request, report);
  const processMb = peakMemoryMb();
  const { documents, queries } = await readBeir(request.eval, { split: request.split });
  const encode = encodeWith(encoder, report);
  const began = performance.now();
  const vectors = new Map([["documents", await encode([...documents.values()], "document")]]);
  const seconds = (performance.now() - began) / 1000;
  vectors.set("queries", await encode([...queries.values()], "query"));
  for (const [name, texts] of await sentencesOf(request.sts)) {
    vectors.set(name, await encode(texts, "query"));
  }
  await writeSafetensors(request.out, vectors);
  const { dims, similarity } = encoder.space;
  return {
    queryP50Ms: quantileOf(times, 0.5),
    queryP95Ms: quantileOf(times, 0.95),
    runs: times.length,
    memoryMb: processMb - before,
    processMb,
    documentsProcessMb: peakMemoryMb(),
    documentsPerSecond: documents.size / seconds,
    width: dims,
    similarity,
  };
}

/** Milliseconds of each query, tokenization included, after some that warm up. */
async function timeQueries(
  encoder: Encoder,
  { queries, runs }: MeasureRequest,
  report: (progress: ChildProgress) => void,
): Promise<readonly number[]> {
  const times: number[] = [];
  // All of them as often as each other.
  const total = queries.length * Math.ceil(runs / queries.length);
  for (let i = -WARM_UP; i < total; i++) {
    const query = queries[(i + WARM_UP * queries.length) % queries.length];
    const began = performance.now();
    await encoder.encode([query], { role: "query" });
    if (i >= 0) times.push(performance.now() - began);
  }
  report({ unit: "queries", done: total, total });
  return times;
}

function encodeWith(encoder: Encoder, report: (progress: ChildProgress) => void) {
  return async (texts: readonly string[], role: Role): Promise<Tensor> => {
    const { vectors, dims } = await encoder.encode(texts, {
      role,
      onProgress: ({ texts: done }) =>
        report({ unit: role === "query" ? "texts" : "documents", done, total: texts.length }),
    });
    return floats(vectors, [texts.length, dims]);
  };
}

async function sentencesOf(sts: string | undefined) {
  if (sts === undefined) return [];
  const rows = await Array.fromAsync(readSts(sts));
  return [
    ["first", rows.map(({ sentence1 }) => sentence1)],
    ["second", rows.map(({ sentence2 }) => sentence2)],
  ] as const;
}
