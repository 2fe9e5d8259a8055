/** Search over vectors that are all in memory. */
import { NearfoldError } from "../errors.ts";
import type { Space } from "../space.ts";
import type { Quantized, Quantizer } from "./kind.ts";
import { bytesPerVector, calibrate, quantize } from "./quantizer.ts";
import { CodeScan, type RowHit, rescore, secondPass } from "./scan.ts";
import type { VectorScheme } from "./scheme.ts";

/** A scheme whose formats are calibrated. */
export interface CalibratedScheme {
  readonly search: Quantizer;
  readonly rescore?: Quantizer;
}

/** The same vectors twice at most: what is searched, and what is rescored by. */
export interface KeptVectors {
  readonly search: Quantized;
  readonly rescore?: Quantized;
}

/** Candidates of the first pass for each hit wanted, where none is given ("rescore multiplier"). */
export const RESCORING_MULTIPLIER = 4;

export interface KeptSearchOptions {
  /** Hits of each query. */
  readonly k: number;
  /** Numbers of a query. @default the dimensions of what is searched */
  readonly width?: number;
  /** Candidates for each hit, where there is a second pass. @default 4 */
  readonly multiplier?: number;
}

/** Calibrates the formats of a scheme on a sample `[N, width]`, of unit length under cosine. @throws as `calibrate` */
export function calibrateScheme(
  { search, rescore }: VectorScheme,
  sample: Float32Array,
  options: { readonly similarity: Space["similarity"]; readonly width: number },
): CalibratedScheme {
  return {
    search: calibrate(search, sample, options),
    ...(rescore && { rescore: calibrate(rescore, sample, options) }),
  };
}

/** Codes of rows `[N, width]` in every format of a scheme. */
export function keepVectors(
  { search, rescore }: CalibratedScheme,
  vectors: Float32Array,
  width: number,
): KeptVectors {
  return {
    search: quantize(search, vectors, { width }),
    ...(rescore && { rescore: quantize(rescore, vectors, { width }) }),
  };
}

/**
 * The `k` nearest rows to each of the queries `[Q, width]` (of unit length under cosine), best first: the codes give `multiplier × k`
 * candidates, and these are scored again by the finer vectors, or by the codes and the float query where the first pass rounded it.
 * Source: Shakir, Aarsen, Lee, "Binary and scalar embedding quantization", huggingface.co/blog/embedding-quantization; `semantic_search_faiss`
 * of sentence-transformers.
 * @throws bad-argument for a `k` or a multiplier below 1, or a width that does not fit
 */
export function searchKept(
  queries: Float32Array,
  { search, rescore: finer }: KeptVectors,
  { k, width = search.quantizer.format.dims, multiplier = RESCORING_MULTIPLIER }: KeptSearchOptions,
): readonly (readonly RowHit[])[] {
  checkSearch(queries, width, k, multiplier);
  const second = secondPass(search.quantizer, finer?.quantizer);
  const room = Math.min(search.rows, second ? k * multiplier : k);
  const scan = new CodeScan(queries, width, room, search.quantizer);
  if (search.rows > 0) scan.block(search.codes, search.rows, 0, () => true);
  if (!second) return scan.found();
  const { codes } = finer ?? search;
  return scan.found().map((hits, i) => {
    const rows = hits.map(({ row }) => row);
    const query = queries.subarray(i * width, (i + 1) * width);
    return rescore(query, rows, gather(codes, rows, bytesPerVector(second.format)), {
      k,
      quantizer: second,
    });
  });
}

/** The codes of some rows, one after another. */
function gather(codes: Uint8Array, rows: readonly number[], size: number): Uint8Array {
  const out = new Uint8Array(rows.length * size);
  rows.forEach((row, i) => {
    out.set(codes.subarray(row * size, (row + 1) * size), i * size);
  });
  return out;
}

function checkSearch(queries: Float32Array, width: number, k: number, multiplier: number): void {
  const counts = [k, multiplier].every((n) => Number.isSafeInteger(n) && n >= 1);
  if (counts && queries.length % width === 0) return;
  throw new NearfoldError("bad-argument", "not a search", {
    got: `${k} hits, ${multiplier} candidates for each, ${queries.length} numbers of queries`,
    wanted: `1 or more of both, and ${width} numbers a query`,
  });
}
