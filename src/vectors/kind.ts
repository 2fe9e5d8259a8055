/** What a format of vectors must be able to do: an entry of the registry. */
import type { Space } from "../space.ts";

export type VectorType = "float32" | "int8" | "binary";

/** How a vector is kept: what its numbers become, and how many of its leading dimensions (Matryoshka, arXiv:2205.13147). */
export interface VectorFormat {
  readonly type: VectorType;
  readonly dims: number;
}

/** A format and what makes numbers of its codes again: `x̂ = offset + scale · code`, dimension by dimension. */
export interface Quantizer extends Scaling {
  readonly format: VectorFormat;
  readonly similarity: Space["similarity"];
}

/** `[D]` each; of length 0 where codes are the numbers themselves. */
export interface Scaling {
  readonly offset: Float32Array;
  readonly scale: Float32Array;
}

/** Codes with their scale: neither says anything without the other. */
export interface Quantized {
  readonly quantizer: Quantizer;
  readonly rows: number;
  /** `rows` times the bytes of a vector, row by row. */
  readonly codes: Uint8Array<ArrayBuffer>;
}

/** Writes a figure for each of `count` rows of `codes`, from `row` on, to the beginning of `out`: `[Q, count]` where it is of queries. */
export type Scorer = (codes: Uint8Array, row: number, count: number, out: Float64Array) => void;

/** Scores of some rows, as the loop over all of them reads them. Good until the next call in this thread. */
export interface Scores {
  /** The first row from one on that may have a score of at least so much; `count` where there is none. */
  readonly next: (query: number, from: number, least: number) => number;
  readonly score: (query: number, row: number) => number;
}

/** Scores `count` rows of `codes`, from `row` on, which are counted from 0 then. */
export type Scan = (codes: Uint8Array, row: number, count: number) => Scores;

/**
 * A way to keep vectors. `[N, D]` are rows cut to the format's dimensions, of unit length under cosine. A block of codes begins at a
 * multiple of four bytes of its buffer.
 */
export interface VectorKind {
  /** One line for people. */
  readonly about: string;
  /** Bytes of a vector of so many dimensions. */
  readonly bytes: (dims: number) => number;
  /** Offset and scale for vectors like those of a sample `[N, D]`, one row or more. */
  readonly calibrate: (sample: Float32Array, dims: number) => Scaling;
  /** Codes of rows `[N, D]`. */
  readonly encode: (rows: Float32Array, quantizer: Quantizer) => Uint8Array<ArrayBuffer>;
  /** The rows `[N, D]` that codes stand for. */
  readonly decode: (codes: Uint8Array, quantizer: Quantizer) => Float32Array<ArrayBuffer>;
  /** `q · x̂` of float queries `[Q, D]` (asymmetric: a query loses nothing). */
  readonly products: (queries: Float32Array, quantizer: Quantizer) => Scorer;
  /** `|x̂|`, by which a product becomes a cosine; absent where codes keep the length. */
  readonly lengths?: (quantizer: Quantizer) => Scorer;
  /** The fastest way over all rows; `products` by `lengths` where that is absent. */
  readonly scan?: (queries: Float32Array, quantizer: Quantizer) => Scan;
  /** Whether `scan` rounds the query: then what it finds is scored again. @default false */
  readonly rough?: boolean;
}

/** A scorer of queries `[Q, D]` from one of a single query. */
export function oneByOne(
  queries: Float32Array,
  dims: number,
  scorer: (query: Float32Array) => Scorer,
): Scorer {
  const scorers = Array.from({ length: queries.length / dims }, (_, i) =>
    scorer(queries.subarray(i * dims, (i + 1) * dims)),
  );
  return (codes, row, count, out) => {
    scorers.forEach((score, i) => {
      score(codes, row, count, out.subarray(i * count, (i + 1) * count));
    });
  };
}
