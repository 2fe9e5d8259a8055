/** What a way to keep vectors finds of what exact search in float32 finds. */
import { NearfoldError } from "../errors.ts";
import type { Space } from "../space.ts";
import { unitRows } from "../tensor/rows.ts";
import type { RowHit } from "./scan.ts";
import type { VectorScheme } from "./scheme.ts";
import { calibrateScheme, type KeptVectors, keepVectors, searchKept } from "./search.ts";

export interface RecallOptions {
  readonly similarity: Space["similarity"];
  /** Numbers of a vector. */
  readonly width: number;
  /** Hits compared. @default 10 */
  readonly k?: number;
  /** Candidates for each hit, where there is a second pass. @default 4 */
  readonly multiplier?: number;
}

/** The most that serve as queries, and one in how many of a sample. */
const QUERIES = 256;
const SHARE = 4;
/** Vectors of the smallest sample that says something of recall@10. */
export const LEAST_SAMPLE = 60;

/**
 * Recall@k against exact search, within a sample `[N, width]` in no particular order: one in four serves as a query, at most 256, and the others are
 * calibrated on and searched. In a larger collection neighbours lie closer together, so there it is lower.
 * @throws bad-argument for a sample of fewer than 6 k rows
 */
export function sampleRecall(
  sample: Float32Array,
  scheme: VectorScheme,
  { similarity, width, k = 10, multiplier }: RecallOptions,
): number {
  const rows = sample.length / width;
  const asked = Math.min(QUERIES, Math.floor(rows / SHARE));
  if (rows < (LEAST_SAMPLE / 10) * k) {
    throw new NearfoldError("bad-argument", "too few vectors to measure recall on", {
      got: String(rows),
      wanted: `${(LEAST_SAMPLE / 10) * k} or more`,
    });
  }
  const all = similarity === "cosine" ? unitRows(sample.slice(), width) : sample;
  const queries = all.subarray(0, asked * width);
  const documents = all.subarray(asked * width);
  const kept = keepVectors(
    calibrateScheme(scheme, documents, { similarity, width }),
    documents,
    width,
  );
  return recallOf(queries, documents, kept, {
    similarity,
    width,
    k,
    ...(multiplier && { multiplier }),
  });
}

/** Mean share of the `k` exactly nearest documents to each query that are found among the `k` best of kept ones. */
export function recallOf(
  queries: Float32Array,
  documents: Float32Array,
  kept: KeptVectors,
  { similarity, width, k = 10, multiplier }: RecallOptions,
): number {
  const exact = { search: { type: "float32", dims: width } } as const;
  const floats = keepVectors(
    calibrateScheme(exact, documents, { similarity, width }),
    documents,
    width,
  );
  const wanted = searchKept(queries, floats, { k, width });
  const found = searchKept(queries, kept, { k, width, ...(multiplier && { multiplier }) });
  return meanOverlap(wanted.map(rowsOf), found.map(rowsOf));
}

/** Mean share of what each list holds that is in the other list of the same number too: rows, or ids. */
export function meanOverlap<Key extends number | string>(
  wanted: readonly (readonly Key[])[],
  found: readonly (readonly Key[])[],
): number {
  const shares = wanted.map((keys, i) => {
    const there = new Set(found[i]);
    return keys.filter((key) => there.has(key)).length / Math.max(1, keys.length);
  });
  return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
}

const rowsOf = (hits: readonly RowHit[]) => hits.map(({ row }) => row);
