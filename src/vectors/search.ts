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

/** Codes of rows that follow one another. */
export interface CodeBlock {
  readonly codes: Uint8Array;
  readonly rows: number;
  /** The number of the first. */
  readonly first: number;
}

/** Rows by their codes, wherever these lie. */
export interface CodedRows {
  /** Those that may be found. */
  readonly rows: number;
  /** What is searched, in the order of the rows. */
  blocks(): Iterable<CodeBlock>;
  /** Of some rows, one after another, the codes of what is rescored by: the searched ones where that is nothing else. */
  gather(rows: readonly number[]): Uint8Array;
}

export interface RowSearchOptions extends KeptSearchOptions {
  /** Rows that are not are left out. @default all are */
  readonly live?: (row: number) => boolean;
}

/**
 * The `k` nearest rows to each of the queries `[Q, width]` (of unit length under cosine), best first: the codes give `multiplier × k`
 * candidates, and these are scored again by the finer vectors, or by the codes and the float query where the first pass rounded it.
 * Source: Shakir, Aarsen, Lee, "Binary and scalar embedding quantization", huggingface.co/blog/embedding-quantization; `semantic_search_faiss`
 * of sentence-transformers.
 * @throws bad-argument for a `k` or a multiplier below 1, or a width that does not fit
 */
export function searchRows(
  queries: Float32Array,
  { search, rescore: finer }: CalibratedScheme,
  rows: CodedRows,
  {
    k,
    width = search.format.dims,
    multiplier = RESCORING_MULTIPLIER,
    live = () => true,
  }: RowSearchOptions,
): readonly (readonly RowHit[])[] {
  checkSearch(queries, width, k, multiplier);
  const quantizer = secondPass(search, finer);
  const room = Math.min(rows.rows, quantizer ? k * multiplier : k);
  const scan = new CodeScan(queries, width, room, search);
  for (const block of rows.blocks()) scan.block(block.codes, block.rows, block.first, live);
  if (!quantizer) return scan.found();
  return scan.found().map((hits, i) => {
    // In the order they lie in.
    const found = hits.map(({ row }) => row).sort((a, b) => a - b);
    const query = queries.subarray(i * width, (i + 1) * width);
    return rescore(query, found, rows.gather(found), { k, quantizer });
  });
}

/** The same of vectors that are all in one place. */
export function searchKept(
  queries: Float32Array,
  { search, rescore: finer }: KeptVectors,
  options: KeptSearchOptions,
): readonly (readonly RowHit[])[] {
  const { quantizer, codes, rows } = search;
  const second = finer ?? search;
  const scheme = { search: quantizer, ...(finer && { rescore: finer.quantizer }) };
  const coded: CodedRows = {
    rows,
    blocks: () => (rows > 0 ? [{ codes, rows, first: 0 }] : []),
    gather: (some) => gather(second.codes, some, bytesPerVector(second.quantizer.format)),
  };
  return searchRows(queries, scheme, coded, options);
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
