/** What is left of a model's nDCG@10 when its vectors are kept in fewer bytes. */
import { type RetrievalSet, readBeir } from "../src/data/beir.ts";
import { openEncoder } from "../src/encoder/index.ts";
import { scoreRun } from "../src/evaluate/index.ts";
import { sequence, shuffle } from "../src/graph/rng.ts";
import { unitRows } from "../src/tensor/rows.ts";
import {
  calibrateScheme,
  fitScheme,
  keepVectors,
  meanOverlap,
  parseScheme,
  type RowHit,
  searchKept,
} from "../src/vectors/index.ts";
import { miniLm } from "../test/minilm.ts";
import { shared } from "../test/shared.ts";

const K = 10;
const MEASURE = "ndcg@10";
const SETS = ["scifact", "cranfield"] as const;
/** What formats are calibrated on. */
const SAMPLE = 1024;

/** A collection's judgements, and its texts as unit vectors `[N, width]` and `[Q, width]`. */
export interface EncodedSet {
  readonly name: string;
  readonly set: RetrievalSet;
  readonly width: number;
  readonly documents: Float32Array;
  readonly queries: Float32Array;
  /** Documents drawn from all over. */
  readonly sample: Float32Array;
  /** By exact search in float32. */
  readonly exact: readonly (readonly RowHit[])[];
}

/** What a search keeps of exact search in float32. */
export interface Kept {
  /** Share of its nDCG@10. */
  readonly ndcg: number;
  /** Share of its ten hits. */
  readonly recall: number;
}

/** SciFact and Cranfield by MiniLM. */
export async function encodeSets(log: (line: string) => void): Promise<readonly EncodedSet[]> {
  await using encoder = await openEncoder(miniLm);
  const width = encoder.space.dims;
  const sets: EncodedSet[] = [];
  for (const name of SETS) {
    const set = await readBeir(shared(`data/${name}`));
    log(`encoding ${set.documents.size} documents of ${name}`);
    const vectors = async (texts: Iterable<string>, role: "query" | "document") =>
      unitRows((await encoder.encode([...texts], { role })).vectors, width);
    const documents = await vectors(set.documents.values(), "document");
    const queries = await vectors(set.queries.values(), "query");
    const sample = draw(documents, width);
    const exact = searchAs("float32", { documents, queries, sample, width });
    sets.push({ name, set, width, documents, queries, sample, exact });
  }
  return sets;
}

/** The ten hits of each query, in a scheme that is calibrated on the sample. */
export function searchAs(
  scheme: string,
  { documents, queries, sample, width }: Omit<EncodedSet, "name" | "set" | "exact">,
): readonly (readonly RowHit[])[] {
  const options = { similarity: "cosine", width } as const;
  const fitted = calibrateScheme(fitScheme(parseScheme(scheme), width), sample, options);
  return searchKept(queries, keepVectors(fitted, documents, width), { k: K, width });
}

export function keptOf(found: readonly (readonly RowHit[])[], of: EncodedSet): Kept {
  const rows = (hits: readonly RowHit[]) => hits.map(({ row }) => row);
  return {
    ndcg: ndcg(found, of) / ndcg(of.exact, of),
    recall: meanOverlap(of.exact.map(rows), found.map(rows)),
  };
}

/** The mean over the queries. */
export function ndcg(found: readonly (readonly RowHit[])[], { set }: EncodedSet): number {
  const ids = [...set.documents.keys()];
  const run = new Map(
    [...set.queries.keys()].map((query, i) => [
      query,
      found[i].map(({ row, score }) => ({ id: ids[row], score })),
    ]),
  );
  return scoreRun(run, set.qrels, { measures: [MEASURE] }).mean[MEASURE];
}

/** For each scheme and set, as details of a finding. */
export function keptDetails(
  schemes: readonly string[],
  sets: readonly EncodedSet[],
  log: (line: string) => void,
): Readonly<Record<string, string>> {
  const entries = schemes.flatMap((scheme) =>
    sets.map((of) => {
      const kept = keptOf(searchAs(scheme, of), of);
      const line = `${kept.ndcg.toFixed(4)} of nDCG@10, recall ${kept.recall.toFixed(4)}`;
      log(`${scheme}, ${of.name}: ${line}`);
      return [`${scheme}, ${of.name}`, line] as const;
    }),
  );
  return Object.fromEntries(entries);
}

function draw(documents: Float32Array, width: number): Float32Array {
  const rows = Int32Array.from({ length: documents.length / width }, (_, row) => row);
  const drawn = shuffle(rows, sequence(42)).subarray(0, SAMPLE);
  const sample = new Float32Array(drawn.length * width);
  drawn.forEach((row, i) => {
    sample.set(documents.subarray(row * width, (row + 1) * width), i * width);
  });
  return sample;
}
